"""What all formats have in common: whole files or none, clear words, and nothing loaded before it is needed."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from export_samples import MODEL
from odd_masks import Images, drawn, odd_masks, result_of, settings_of, table_of

from samhq.cli.batch import FORMATS
from samhq.errors import ExportError
from samhq.export.formats import EXPORT_FORMATS, ExportFormat, export_format
from samhq.masks import MaskTable, runs_from_crop
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.results import RunResults
from samhq.settings import FilterSettings

NEEDS = {"excel": "openpyxl", "parquet": "pyarrow", "roi": "roifile"}
ROOT = Path(__file__).parents[2]


def export(results, folder, form, *, monitor=None, **values):
    return export_format(
        results,
        folder,
        format=form,
        name="slides",
        settings=settings_of(**values),
        model=MODEL,
        read_rgb=lambda record: np.zeros((record.height, record.width, 3), np.uint8),
        monitor=monitor or StoppableMonitor(),
    )


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_the_command_line_knows_all_formats():
    assert set(FORMATS) == set(EXPORT_FORMATS) == set(get_args(ExportFormat))


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_a_run_without_objects_can_be_written(store, tmp_path, form):
    summary = export(RunResults(store, FilterSettings(min_area=1e6)), tmp_path, form, shape="all")
    assert summary.objects_kept == 0
    assert summary.warnings[0].startswith("no object is left")


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_single_pixels_and_odd_shapes_can_be_written_with_everything_measured(tmp_path, form):
    masks = [*odd_masks().values(), np.ones((1, 1), bool)]
    summary = export(Images(result_of(table_of(masks))), tmp_path, form, shape="all", columns="cellprofiler")
    assert summary.objects_kept == len(masks)
    assert files_of(tmp_path)


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_an_unwritable_folder_is_named(results, tmp_path, form):
    stop = tmp_path / "out"
    stop.write_text("a file stands here", encoding="utf-8")
    with pytest.raises(ExportError, match="out") as caught:
        export(results, stop / "in", form)
    assert "choose another output folder" in str(caught.value)
    assert stop.read_text(encoding="utf-8") == "a file stands here"


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_a_read_only_folder_is_named(results, tmp_path, monkeypatch, form):
    def refuse(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("samhq.files.tempfile.mkstemp", refuse)  # an administrator may write everywhere
    with pytest.raises(ExportError, match="access is denied; choose an output folder you may write to"):
        export(results, tmp_path / "out", form)
    assert not files_of(tmp_path / "out")


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_a_stop_in_the_middle_leaves_whole_files_or_none(results, tmp_path, form):
    whole = tmp_path / "whole"
    export(results, whole, form)
    monitor = StoppableMonitor(lambda event: event.done == 3 and monitor.stop())
    stopped = tmp_path / "stopped"
    with pytest.raises(Cancelled):
        export(results, stopped, form, monitor=monitor)
    assert files_of(stopped) < files_of(whole)
    for name in files_of(stopped):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()
    assert not [
        name for name in files_of(stopped) if name.endswith((".yaml", ".xlsx", ".parquet", ".csv", ".tmp"))
    ]


@pytest.mark.parametrize("form", ["geojson", "roi", "yolo"])
def test_a_stop_within_an_image_leaves_no_file_of_it(tmp_path, form):
    checks = 0

    class Impatient(StoppableMonitor):
        def check(self) -> None:
            nonlocal checks
            checks += 1
            if checks > 1:  # the first is between images
                raise Cancelled

    with pytest.raises(Cancelled):
        export(Images(result_of(table_of([drawn("##")]))), tmp_path, form, monitor=Impatient())
    assert not files_of(tmp_path)


@pytest.mark.parametrize(("form", "package"), NEEDS.items())
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    results, tmp_path, monkeypatch, form, package
):
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # as if it could not be found
    with pytest.raises(ExportError, match=package) as caught:
        export(results, tmp_path / "out", form)
    assert 'pip install "samhq[exports]"' in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_extra_names_all_libraries():
    with (ROOT / "pyproject.toml").open("rb") as stream:
        extras = tomllib.load(stream)["project"]["optional-dependencies"]
    named = {line.split(">")[0] for line in extras["exports"]}
    assert named == set(NEEDS.values())
    assert set(extras["exports"]) <= set(extras["test"])


def test_no_export_but_its_own_loads_an_optional_library():
    script = (
        "import sys, samhq.api, samhq.cli.batch, samhq.export.formats, samhq.export.geojson, samhq.export.rois, "
        "samhq.export.yolo, samhq.export.parquet, samhq.export.excel, samhq.shape; print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in result.stdout.split()}
    assert not loaded & {*NEEDS.values(), "polars", "shapely", "skimage", "torch"}


def test_ten_thousand_objects_are_written_in_seconds(tmp_path):
    size = 2000
    disc = np.hypot(*np.mgrid[-6:7, -6:7]) < 6
    places = [(i % 100 * 19, i // 100 * 19) for i in range(10_000)]
    runs = [runs_from_crop(disc, x0=x, y0=y, height=size, width=size) for x, y in places]
    result = result_of(MaskTable.from_runs(runs, height=size, width=size))
    for form in ("geojson", "roi", "yolo"):
        begun = time.process_time()
        export(Images(result), tmp_path, form, yolo_pictures=False)
        assert time.process_time() - begun < 25, form
    assert len(files_of(tmp_path)) == 4
