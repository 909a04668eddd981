"""Exports by command: every format of a finished run, its flags, and what is said when it cannot be done."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import shapely
from export_samples import results, store  # noqa: F401 - fixtures

from samhq.cli import main
from samhq.cli.batch import FORMATS
from samhq.settings import Settings
from samhq.store import RunStore

TAG = "slides_SAM_HQ_Output_Agg=0-100"


@pytest.fixture
def run(store, tmp_path) -> Path:  # noqa: F811
    """A finished run whose images lie beside it."""
    facts = {
        "settings": Settings().to_dict(),
        "input": str(tmp_path / "slides"),
        "model": {"name": "starter", "architecture": "vit_tiny", "sha256": "0" * 64},
    }
    store.close()
    with RunStore.write(tmp_path / "slides_SAM_HQ_Run") as opened:
        opened.set_facts(facts)
    return tmp_path / "slides_SAM_HQ_Run"


@pytest.fixture
def call(capfd):
    def invoke(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        return (code, *capfd.readouterr())

    return invoke


def test_every_format_is_written_in_one_call(run, call):
    flags = [part for name in FORMATS for part in ("--format", name)]
    code, out, _ = call("export", run, "--json", *flags, "--shape", "all")
    assert code == 3  # one image of the run failed
    assert json.loads(out)["objects_kept"] == 6
    names = {p.name for p in (run.parent / TAG).rglob("*")}
    assert {
        "objects.csv",
        "slides_SAM_HQ_Numerical_Data.txt",
        "slides_SAM_HQ.xlsx",
        "objects.parquet",
        "slides_SAM_HQ_coco.json",
        "data.yaml",
        "Präparat 2_sam_hq.geojson",
        "Präparat 2_sam_hq_rois.zip",
        "Präparat 2_sam_hq_labels.tif",
        "Präparat 2_sam_hq_masks",
    } <= names


def test_flags_decide_columns_kind_and_class(run, call):
    call("export", run, "--quiet", "--format", "csv", "--columns", "imagej", "--shape", "solidity, perimeter")
    with (run.parent / TAG / "objects.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {"Label", "Area", "Perim.", "Solidity"} <= set(rows[0])
    assert "area_px" not in rows[0]
    assert float(rows[0]["Solidity"]) == 1
    call(
        "export",
        run,
        "--quiet",
        "--format",
        "geojson",
        "--qupath-object",
        "annotation",
        "--class-name",
        "Kern ä",
    )
    text = (run.parent / TAG / "tray" / "Präparat 2_sam_hq.geojson").read_text(encoding="utf-8")
    features = json.loads(text)["features"]
    assert {f["properties"]["objectType"] for f in features} == {"annotation"}
    assert {f["properties"]["classification"]["name"] for f in features} == {"Kern ä"}
    assert [shapely.from_geojson(json.dumps(f["geometry"])).area for f in features] == [16, 16, 16]


def test_a_filter_decides_what_is_exported_and_where(run, call):
    call("export", run, "--quiet", "--format", "geojson", "--min-area", 5)
    (folder,) = run.parent.glob("slides_SAM_HQ_Output_*")
    assert folder.name == "slides_SAM_HQ_Output_A=5_Agg=0-100"
    assert json.loads((folder / "faint_sam_hq.geojson").read_text(encoding="utf-8"))["features"] == []


def test_pictures_for_yolo_come_from_where_the_images_are_now(run, call, tmp_path):
    code, out, _ = call("export", run, "--json", "--format", "yolo")
    assert code == 3
    assert any("say where the images are with --input" in warning for warning in json.loads(out)["warnings"])
    moved = tmp_path / "moved"
    moved.mkdir()
    code, out, _ = call("export", run, "--json", "--format", "yolo", "--input", moved, "--no-yolo-pictures")
    assert not json.loads(out)["warnings"]
    code, _, err = call("export", run, "--format", "yolo", "--input", tmp_path / "nowhere")
    assert code == 2
    assert "there is no such file or folder" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--shape", "feret"], "feret_diameter_max"),
        (["--columns", "excel"], "cellprofiler"),
        (["--class-name", " "], "must be a name"),
        (["--format", "svg"], "geojson"),
    ],
)
def test_a_wrong_flag_says_what_is_allowed(run, call, flags, said):
    code, _, err = call("export", run, "--format", "csv", *flags)
    assert code == 2
    assert said in err
    assert not list(run.parent.glob("*_Output_*"))


def test_a_missing_library_ends_with_the_command_that_installs_it(run, call, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "openpyxl"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    code, _, err = call("export", run, "--format", "excel")
    assert code == 1
    assert 'pip install "samhq[exports]"' in err
    monkeypatch.setenv("SAMHQ_COMMAND", "python sam_hq_process.py")
    _, _, err = call("export", run, "--format", "excel")
    assert "-m pip install" in " ".join(err.split())


def test_filter_writes_shapes_too(run, call):
    call("filter", run, "--quiet", "--no-pictures", "--shape", "extent", "--columns", "cellprofiler")
    head = (run.parent / TAG / "objects.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert "AreaShape_Extent" in head.split(",")
