"""The command line as a user meets it: real processes, the real network, real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import samhq
from samhq.cli import main

FAST = ["--points-per-side", "6"]
MICROGRAPHS = Path(samhq.__file__).parent / "micrographs"


@pytest.fixture
def call(capfd):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with three micrographs and a bad file, run once. Tests must not change it."""
    folder = tmp_path_factory.mktemp("main job")
    slides = folder / "slides"
    for name in ("histology/nuclei_1.png", "histology/nuclei_4.png", "fluorescence/nuclei_1.png"):
        (slides / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(MICROGRAPHS / name, slides / name)
    (slides / "notes.png").write_text("no picture", encoding="utf-8")
    assert main(["run", str(slides), "--quiet", *FAST]) == 3
    return slides


def output_of(slides: Path, tag: str) -> Path:
    return slides.parent / f"slides_SAM_HQ_Output_{tag}"


def tables(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".txt")}


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the libraries of other systems come with Qt"
)
def test_a_missing_library_of_the_system_is_named_with_its_remedy(call, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":77")
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("samhq.cli.gui._NEEDED", ("libnobodyhasthis.so.9",))
    code, _, err = call("gui")
    assert code == 1
    assert "libnobodyhasthis.so.9" in err
    assert "sudo apt install" in err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
@pytest.mark.parametrize("arguments", [[], ["gui"], ["gui", "x.png"]])
def test_without_a_display_it_says_how_to_go_on(call, monkeypatch, arguments):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = call(*arguments)
    assert code == 1
    assert "no display" in err
    assert "samhq --help" in err


def test_a_run_writes_pictures_and_tables(finished):
    folder = output_of(finished, "Agg=0-100")
    objects = pd.read_csv(folder / "objects.csv")
    images = pd.read_csv(folder / "images.csv")
    assert len(objects) > 10
    assert set(objects["image"]) == {
        "histology/nuclei_1.png",
        "histology/nuclei_4.png",
        "fluorescence/nuclei_1.png",
    }
    assert dict(zip(images["image"], images["result"], strict=True))["notes.png"] == "failed"
    for name in set(objects["image"]):
        picture = folder / Path(name).with_name(Path(name).stem + "_sam_hq.png")
        assert cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR) is not None
    assert (folder / "slides_SAM_HQ_Numerical_Data.txt").read_text(encoding="utf-8").startswith("#")
    assert (
        json.loads((folder / "settings.json").read_text(encoding="utf-8"))["segmentation"]["pred_iou_thresh"]
        == 0.6
    )


def test_ratios_are_intensity_over_area(finished):
    objects = pd.read_csv(output_of(finished, "Agg=0-100") / "objects.csv")
    assert np.allclose(objects["ratio"], objects["intensity"] / objects["area_px"], rtol=1e-12)
    assert objects["ratio"].between(0, 100).all()


def test_filtering_equals_a_fresh_run_to_the_byte(finished, tmp_path, call):
    chosen = ["--min-area", "60", "--min-ratio", "20", "--min-aggregation", "35", "--max-aggregation", "90"]
    code, out, _ = call("filter", finished, "--out", tmp_path / "again", "--json", *chosen)
    assert code == 3
    shutil.copytree(finished, tmp_path / "slides", ignore=shutil.ignore_patterns("nothing"))
    assert call("run", tmp_path / "slides", *FAST, *chosen)[0] == 3
    one = tables(Path(json.loads(out)["output_folder"]))
    two = tables(tmp_path / "slides_SAM_HQ_Output_A=60_R=20.0_Agg=35-90")
    assert set(one) == {"objects.csv", "images.csv", "slides_SAM_HQ_Numerical_Data.txt"}
    assert one == two
    assert 0 < one["objects.csv"].count(b"\r\n") - 1 < 200


def test_a_run_made_with_out_is_found_with_out(finished, tmp_path, call, monkeypatch):
    source = tmp_path / "slides"
    source.mkdir()
    shutil.copy(MICROGRAPHS / "histology/nuclei_1.png", source)
    fast = ["--points-per-side", "2", "--pred-iou-thresh", "0", "--stability-score-thresh", "0"]
    assert call("run", source, "--out", tmp_path / "res", *fast)[0] == 0
    code, out, _ = call("filter", source, "--out", tmp_path / "res", "--json")
    assert code == 0
    assert json.loads(out)["run_folder"] == str(tmp_path / "res" / "slides_SAM_HQ_Run")
    # Inside the run folder "." has a name as well.
    monkeypatch.chdir(tmp_path / "res" / "slides_SAM_HQ_Run")
    code, out, _ = call("filter", ".", "--json")
    assert json.loads(out)["output_folder"] == str(tmp_path / "res" / "slides_SAM_HQ_Output_Agg=0-100")
    assert call("run", source, *fast)[0] == 0
    code, _, err = call("filter", source, "--out", tmp_path / "res")
    assert code == 2
    assert "has two runs" in err


def test_images_that_still_wait_are_said_in_every_table(finished, tmp_path, call):
    from samhq.store import RunStore

    shutil.copytree(finished.parent / "slides_SAM_HQ_Run", tmp_path / "slides_SAM_HQ_Run")
    with RunStore.write(tmp_path / "slides_SAM_HQ_Run") as store:
        done = [(r.path, r.page) for r in store.records() if r.status == "done"]
        store.begin({}, current=done[:1], waiting=done[1:])
    code, out, _ = call("filter", tmp_path / "slides_SAM_HQ_Run", "--input", finished, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["outcomes"]["not segmented yet"] == 2
    assert "2 of 3 images are not segmented yet" in result["warnings"][0]
    images = pd.read_csv(Path(result["output_folder"]) / "images.csv")
    assert sorted(images["result"]) == ["not segmented yet", "not segmented yet", "ok"]


def test_a_second_start_skips_what_is_done(finished, call):
    code, out, _ = call("run", finished, "--json", *FAST)
    assert code == 3
    result = json.loads(out)
    assert (result["segmented"], result["skipped"]) == (0, 3)
    assert result["failed"][0]["image"] == "notes.png"
    assert "text" in result["failed"][0]["reason"]


def test_coco_labels_and_masks_hold_the_same_objects(finished, tmp_path, call):
    from pycocotools.coco import COCO

    flags = [part for name in ("coco", "labels", "masks", "csv", "txt") for part in ("--format", name)]
    code, out, err = call("export", finished, "--out", tmp_path, "--json", *flags)
    assert code == 3, err
    folder = Path(json.loads(out)["output_folder"])
    objects = pd.read_csv(folder / "objects.csv")
    coco = COCO(next(folder.glob("*coco*.json")))
    assert len(coco.anns) == len(objects)
    sizes = {image["id"]: image["file_name"] for image in coco.imgs.values()}
    areas = sorted((sizes[a["image_id"]], int(coco.annToMask(a).sum())) for a in coco.anns.values())
    assert areas == sorted(zip(objects["image"], objects["initial_area_px"], strict=True))
    labels = next(folder.rglob("nuclei_4*label*"))
    import skimage.io

    expected = int((objects["image"] == "histology/nuclei_4.png").sum())
    assert len(np.unique(skimage.io.imread(labels))) - 1 == expected
    assert len(list((folder / "histology").glob("nuclei_4*masks/*.png"))) == expected


def test_rle_json_in_the_official_form(finished, tmp_path, call):
    for mode in ("uncompressed_rle", "coco_rle"):
        code, out, _ = call(
            "export", finished, "--out", tmp_path / mode, "--json", "--format", "masks", "--output-mode", mode
        )
        assert code == 3
        path = next((Path(json.loads(out)["output_folder"]) / "histology").glob("nuclei_4*.json"))
        records = json.loads(path.read_text(encoding="utf-8"))
        assert set(records[0]) == {
            "segmentation",
            "area",
            "bbox",
            "predicted_iou",
            "point_coords",
            "stability_score",
            "crop_box",
        }
        counts = records[0]["segmentation"]["counts"]
        assert isinstance(counts, list if mode == "uncompressed_rle" else str)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "nowhere"], 1, "no such file or folder"),
        (["run", "."], 2, "min_aggregation (90) must not be above"),
        (["run", ".", "--points-per-side", "0"], 2, "points_per_side 0: allowed is 1 to 256"),
        (["run", ".", "--points-per-side", "x"], 2, "points-per-side"),
        (["run", ".", "--model", "vit_b"], 1, "samhq models download vit_b"),
        (["run", ".", "--model", "gone.pth"], 1, "gone.pth"),
        (["run", ".", "--device", "cuda:7"], 2, "cuda"),
        (["run", ".", "--config", "none.json"], 2, "no such configuration file"),
        (["run"], 2, "Missing argument"),
        (["filter", "."], 1, "is not a run folder"),
        (["aggregate", "none.png"], 1, "none.png"),
        (["config", "check", "none.json"], 2, "no such configuration file"),
        (["fly"], 2, "fly"),
        (["models", "info", "vit_h"], 1, "samhq models download vit_h"),
    ],
)
def test_mistakes_are_named_without_a_traceback(arguments, code, said, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    if said.startswith("min_aggregation"):
        arguments = [*arguments, "--min-aggregation", "90", "--max-aggregation", "10"]
    actual, out, err = call(*arguments)
    assert actual == code, err
    assert said in " ".join((out + err).split())
    assert "Traceback" not in out + err


def test_hints_are_written_as_the_user_calls_the_program(call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAMHQ_COMMAND", "python sam_hq_process.py")
    _, _, err = call("models", "info", "vit_h")
    assert "python sam_hq_process.py models download vit_h" in err
    assert "samhq models" not in err.replace("sam_hq_process", "")


def test_results_inside_the_input_are_refused(finished, call):
    code, _, err = call("run", finished, "--out", finished / "results", *FAST)
    assert code == 2
    assert "lies inside the input" in err
    assert not (finished / "results").exists()


def test_a_table_open_in_another_program_is_kept(finished, tmp_path, call, monkeypatch):
    assert call("filter", finished, "--out", tmp_path)[0] == 3
    folder = tmp_path / "slides_SAM_HQ_Output_Agg=0-100"
    before = (folder / "objects.csv").read_bytes()
    (folder / "objects.csv").write_bytes(b"open in Excel")
    replace = Path.replace

    def held_open(self, target):
        if Path(target).name == "objects.csv":
            raise PermissionError(13, "The process cannot access the file", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    code, out, _ = call("filter", finished, "--out", tmp_path, "--json")
    assert code == 3
    assert (folder / "objects.csv").read_bytes() == b"open in Excel"
    assert (folder / "objects (2).csv").read_bytes() == before
    assert any("objects (2).csv" in warning for warning in json.loads(out)["warnings"])


def test_a_configuration_made_by_show_is_accepted_by_run(finished, tmp_path, call):
    code, out, _ = call("config", "show", *FAST, "--min-area", "60")
    assert code == 0
    file = tmp_path / "mine.json"
    file.write_text(out, encoding="utf-8")
    assert call("config", "check", file)[0] == 0
    code, out, _ = call("run", finished, "--config", file, "--no-min-area", "--json")
    assert code == 3
    assert json.loads(out)["segmented"] == 0
    assert json.loads(out)["filter"]["min_area"] is None


def test_aggregate_prints_numbers_and_draws(tmp_path, call):
    chart = tmp_path / "chart.svg"
    code, out, _ = call("aggregate", MICROGRAPHS / "histology/nuclei_1.png", "--chart", chart, "--json")
    assert code == 0
    numbers = json.loads(out)
    gray = cv2.cvtColor(cv2.imread(str(MICROGRAPHS / "histology/nuclei_1.png")), cv2.COLOR_BGR2GRAY)
    assert numbers["mean"] == pytest.approx(float((100 - gray / 255 * 100).mean()))
    assert numbers["peaks"]
    assert chart.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    code, out, _ = call("aggregate", MICROGRAPHS / "histology/nuclei_1.png")
    assert code == 0
    assert "Peaks" in out


def test_doctor_reports(call):
    code, out, _ = call("doctor")
    assert code in (0, 1)
    for word in ("Python", "torch", "device cpu", "models folder", "starter", "GB free"):
        assert word in out


def test_models_are_listed_and_described(call, monkeypatch, tmp_path):
    monkeypatch.setenv("SAMHQ_MODELS", str(tmp_path))
    code, out, _ = call("models", "list")
    assert code == 0
    assert re.search(r"starter .*installed", out)
    assert "samhq models download vit_b" in out
    code, out, _ = call("models", "info", "starter", "--json")
    assert json.loads(out)["image_size"] == 512
    assert call("models", "verify", "starter")[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_next_start_goes_on(tmp_path, number, call):
    slides = tmp_path / "slides"
    slides.mkdir()
    for i in range(12):
        shutil.copy(MICROGRAPHS / "fluorescence/nuclei_1.png", slides / f"{i}.png")
    command = [sys.executable, "-m", "samhq", "run", str(slides), "--points-per-side", "4"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ})
    store = tmp_path / "slides_SAM_HQ_Run" / "run.sqlite"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _done(store) < 2:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"start the same command again" in err
    assert b"Traceback" not in err
    done = _done(store)
    assert 2 <= done < 12
    code, out, _ = call("run", slides, "--points-per-side", "4", "--json")
    assert code == 0
    assert json.loads(out)["skipped"] == done
    assert json.loads(out)["images"] == 12


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_second_ctrl_c_stops_at_once_and_loses_nothing_that_was_done(tmp_path, call):
    slides = tmp_path / "slides"
    slides.mkdir()
    for i in range(4):
        shutil.copy(MICROGRAPHS / "fluorescence/nuclei_1.png", slides / f"{i}.png")
    # One batch of 1024 prompts takes far longer than this test waits.
    command = [sys.executable, "-m", "samhq", "run", str(slides), "--points-per-batch", "1024"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    store = tmp_path / "slides_SAM_HQ_Run" / "run.sqlite"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not store.exists():
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert not (tmp_path / "slides_SAM_HQ_Run" / "run.lock").exists()
    code, out, _ = call("run", slides, "--points-per-side", "2", "--json")
    assert code == 0
    assert json.loads(out)["images"] == 4


def test_output_into_a_closed_pipe_is_no_crash(tmp_path):
    command = f'"{sys.executable}" -m samhq run --help | head -1'
    result = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert b"Traceback" not in result.stderr
    assert result.stdout.startswith(b"Usage")


def test_a_console_without_unicode_shows_substitutes(finished):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    odd = finished.parent / "Präparate 测试.png"
    result = subprocess.run(
        [sys.executable, "-m", "samhq", "run", str(odd)], capture_output=True, env=env, check=False
    )
    assert result.returncode == 1
    assert b"no such file" in result.stderr
    assert b"Traceback" not in result.stderr


def _done(store: Path) -> int:
    import sqlite3

    if not store.exists():
        return 0
    connection = sqlite3.connect(store, timeout=30)
    try:
        return connection.execute("SELECT count(*) FROM image WHERE status = 'done'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
