"""Workbooks as openpyxl reads them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from export_samples import MODEL
from odd_masks import Images, drawn, result_of, settings_of, table_of

from samhq.export import excel
from samhq.export.formats import export_format
from samhq.export.tables import IMAGE_COLUMNS, images_frame, objects_frame
from samhq.monitor import Cancelled, StoppableMonitor


def export(results, folder, *, monitor=None, **values):
    return export_format(
        results,
        folder,
        format="excel",
        name="slides",
        settings=settings_of(**values),
        model=MODEL,
        monitor=monitor or StoppableMonitor(),
    )


def rows_of(sheet) -> list[list]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_sheets_hold_the_tables(results, tmp_path):
    export(results, tmp_path, shape="all", columns="imagej")
    book = openpyxl.load_workbook(tmp_path / "slides_SAM_HQ.xlsx")
    assert book.sheetnames == ["objects", "images", "settings"]
    head, *rows = rows_of(book["objects"])
    expected = objects_frame(results, shape="all", columns="imagej")
    assert head == list(expected.columns)
    assert len(rows) == len(expected)
    for name, column in zip(head, zip(*rows, strict=True), strict=True):
        for found, value in zip(column, expected[name].tolist(), strict=True):
            if isinstance(value, str):
                assert (found or "") == value
            else:  # Excel keeps 16 digits
                single = expected[name].dtype == np.float32
                assert (
                    found is None
                    if value != value
                    else found == pytest.approx(value, rel=1e-7 if single else 1e-15)
                )
    head, *rows = rows_of(book["images"])
    assert tuple(head) == IMAGE_COLUMNS
    assert [row[3] for row in rows] == images_frame(results)["result"].tolist()
    settings = dict(rows_of(book["settings"])[1:])
    assert settings["filter.min_aggregation"] == "0.0"
    assert settings["model name"] == "starter"


def test_a_name_is_no_formula_and_odd_characters_do_no_harm(tmp_path):
    result = result_of(table_of([drawn("##")]))
    names = ('=HYPERLINK("http://x")', "+1", "bell\x07.png", "日本語 🔬.png")
    found = [replace(result, record=replace(result.record, path=name)) for name in names]
    export(Images(*found), tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "slides_SAM_HQ.xlsx")["objects"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [*names[:2], "bell\ufffd.png", names[3]]
    assert {cell.data_type for cell in cells} == {"s"}


def test_rows_that_do_not_fit_go_on_on_the_next_sheet(results, tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 4)
    summary = export(results, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "slides_SAM_HQ.xlsx")
    assert book.sheetnames[:5] == ["objects", "objects (2)", "images", "images (2)", "settings"]
    rows = [rows_of(book[name]) for name in ("objects", "objects (2)")]
    assert rows[0][0] == rows[1][0]
    assert len(rows[0]) == 4
    assert [row[1] for part in rows for row in part[1:]] == objects_frame(results)["object"].tolist()
    assert any("the objects go on on 2 sheets" in warning for warning in summary.warnings)


def test_a_stop_leaves_neither_workbook_nor_temporary_files(results, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monitor = StoppableMonitor(lambda event: event.done == 3 and monitor.stop())
    with pytest.raises(Cancelled):
        export(results, tmp_path / "out", monitor=monitor)
    assert not list(Path(tmp_path / "out").rglob("*.xlsx"))
    assert not list(scratch.iterdir())
