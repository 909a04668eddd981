"""Output folders are found again, and tell what they were made of."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from export_samples import MODEL

from samhq import api
from samhq.errors import ExportError
from samhq.export.folders import output_folder_name
from samhq.export.formats import export_format
from samhq.export.output import write_output
from samhq.results import RunResults
from samhq.settings import FilterSettings, Settings


def read_rgb(record):
    return np.zeros((record.height, record.width, 3), np.uint8)


def write(results: RunResults, place, name: str = "slides"):
    folder = place / output_folder_name(name, results.settings.folder_tag())
    write_output(
        results,
        folder,
        name=name,
        settings=Settings(filter=results.settings),
        model=MODEL,
        read_rgb=read_rgb,
    )
    return folder


def test_the_outputs_of_a_run_are_found_and_no_others(store, tmp_path):
    run = tmp_path / "slides_SAM_HQ_Run"
    older = write(RunResults(store, FilterSettings()), tmp_path)
    newer = write(RunResults(store, FilterSettings(min_area=5)), tmp_path / "out")
    os.utime(older, (1, 1))
    (tmp_path / "slides 2_SAM_HQ_Output_Agg=0-100").mkdir()
    (tmp_path / "slides_SAM_HQ_Output_").mkdir()
    (tmp_path / "slides_SAM_HQ_Output_Agg=0-90").write_text("no folder", encoding="utf-8")
    assert api.output_folders(run, tmp_path / "out") == [newer, older]
    assert api.output_folders(run, tmp_path) == [older]
    assert api.output_folders(run, tmp_path / "not there") == [older]
    assert [api.output_tag(f) for f in (newer, older, run)] == ["A=5_Agg=0-100", "Agg=0-100", ""]
    with pytest.raises(ExportError, match="Agg=0-90"):
        api.output_folders(run, tmp_path / "slides_SAM_HQ_Output_Agg=0-90")


def test_the_outputs_of_an_input_with_a_very_long_name_are_found(store, tmp_path):
    name = "tissue " * 30
    folder = write(RunResults(store, FilterSettings()), tmp_path, name)
    assert not folder.name.startswith(name)
    assert api.output_folders(tmp_path / f"{name}_SAM_HQ_Run") == [folder]


def test_an_output_tells_its_filter_and_how_much_of_the_run_it_holds(store, results, tmp_path):
    state = api.output_state(write(results, tmp_path))
    assert state.tag == "A=5_Agg=0-100"
    assert state.settings == Settings(filter=FilterSettings(min_area=5))
    found = [r.objects for r in results.records() if r.status == "done"]
    assert (state.done, state.found) == (len(found), sum(found)) == (5, 6)
    store.save(replace(results.records()[0], status="failed", error="gone"))
    later = api.output_state(write(results, tmp_path))
    assert later.done == 4


def test_an_output_that_is_not_complete_has_no_settings(results, tmp_path):
    folder = tmp_path / "slides_SAM_HQ_Output_A=5_Agg=0-100"
    export_format(results, folder, format="csv", name="slides", settings=Settings(), model=MODEL)
    state = api.output_state(folder)
    assert (state.settings, state.done) == (None, 5)
    (folder / "images.csv").write_bytes(b"image;result\n")
    (folder / "settings.json").write_bytes(b"{")
    state = api.output_state(folder)
    assert (state.settings, state.done, state.found) == (None, 0, 0)
    (folder / "images.csv").write_bytes(b"image;result\na;b\n")
    assert api.output_state(folder).done is None


def test_a_table_is_read_as_text_up_to_a_limit(results, tmp_path):
    folder = write(results, tmp_path)
    table = api.read_output_table(folder, "images.csv", limit=100)
    assert table.columns[:2] == ("image", "page")
    assert [row[0] for row in table.rows] == [r.path for r in results.records()]
    assert not table.is_cut
    cut = api.read_output_table(folder, "images.csv", limit=2)
    assert cut.rows == table.rows[:2]
    assert cut.is_cut
    with pytest.raises(ExportError, match="nothing.csv"):
        api.read_output_table(folder, "nothing.csv", limit=2)
    (folder / "images.csv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ExportError, match="export again"):
        api.read_output_table(folder, "images.csv", limit=2)


def test_the_picture_of_an_image_is_found_by_the_names_it_was_written_with(store, results, tmp_path):
    twin = replace(results.records()[0], path="tray/Präparat 2.tif")
    store.save(twin, store.objects(results.records()[0]))
    twins = [r for r in results.records() if "Präparat 2." in r.path]
    folder = write(results, tmp_path)
    pictures = [api.output_picture(folder, results.records(), r.path, r.page) for r in twins]
    assert len(set(pictures)) == 2
    assert {p.name for p in pictures} == {"Präparat 2.png_sam_hq.png", "Präparat 2.tif_sam_hq.png"}
    assert api.output_picture(folder, results.records(), "torn.png") is None
    assert api.output_picture(folder, results.records(), "unknown.png") is None
