"""Tables: right numbers, nothing lost in odd names, equal bytes for equal results."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from export_samples import record_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samhq.export import tables as tables_module
from samhq.export.tables import IMAGE_COLUMNS, OBJECT_COLUMNS, TableWriter, images_frame, objects_frame
from samhq.results import RunResults
from samhq.settings import FilterSettings, Settings

MODEL = {"name": "starter", "sha256": "0" * 64}


@pytest.fixture
def written(results, tmp_path):
    paths = {
        "objects_csv": tmp_path / "objects.csv",
        "images_csv": tmp_path / "images.csv",
        "data_file": tmp_path / "data.txt",
    }
    settings = Settings(filter=results.settings)
    with TableWriter(**paths, settings=settings, model=MODEL) as tables:
        for result in results:
            tables.add(result)
    return paths


def test_every_kept_object_is_a_row_with_its_numbers(written):
    table = pd.read_csv(written["objects_csv"], encoding="utf-8-sig", keep_default_na=False)
    assert tuple(table.columns) == OBJECT_COLUMNS
    assert table["image"].tolist() == [
        '=odd, "name"\t.png',
        "tray/Präparat 2.png",
        "tray/Präparat 2.png",
        "tray/Präparat 2.png",
        "tray/Präparat 10.png",
    ]
    first = table[(table["image"] == "tray/Präparat 2.png") & (table["object"] == 1)].iloc[0]
    # Columns 1 to 4 of a ramp of 8 gray levels a column, four rows of them.
    expected = sum(4 * (100 - 8 * column / 255 * 100) for column in range(1, 5))
    assert first["area_px"] == 16
    assert first["intensity"] == pytest.approx(expected, rel=1e-12)
    assert first["ratio"] == pytest.approx(expected / 16, rel=1e-12)
    assert (first["x0"], first["y0"], first["x1"], first["y1"]) == (1, 1, 5, 5)
    assert (first["centroid_x"], first["centroid_y"]) == (2.5, 2.5)


def test_numbers_read_back_to_the_last_bit(written, results):
    table = pd.read_csv(written["objects_csv"], encoding="utf-8-sig")
    frame = objects_frame(results)
    for column in ("intensity", "ratio", "initial_intensity", "centroid_x"):
        assert table[column].tolist() == frame[column].tolist()
    assert np.array_equal(table["predicted_iou"].astype(np.float32), frame["predicted_iou"])


def test_every_image_is_a_row_with_what_became_of_it(written):
    table = pd.read_csv(written["images_csv"], encoding="utf-8-sig", keep_default_na=False).set_index("image")
    assert len(table) == 6
    assert table["result"].to_dict() == {
        "tray/Präparat 2.png": "ok",
        "tray/Präparat 10.png": "ok",
        '=odd, "name"\t.png': "ok",
        "empty.png": "no objects found",
        "torn.png": "failed",
        "faint.png": "all filtered out",
    }
    assert table.loc["torn.png", "reason"] == "ends in the middle"
    assert table.loc["faint.png", "reason"] == "min_area 1"
    assert table.loc["faint.png", "dropped_by_min_area"] == 1
    both = table.loc["tray/Präparat 2.png"]
    assert (both["objects_found"], both["objects_kept"], both["area_px"]) == (3, 3, 48)
    assert float(both["overlap_fraction"]) == pytest.approx(4 / 44)


def test_the_data_file_records_the_settings_and_holds_the_same_rows(written):
    lines = written["data_file"].read_text(encoding="utf-8").split("\n")
    comments = [line for line in lines if line.startswith("#")]
    assert "# filter.min_area = 5.0" in comments
    assert "# segmentation.points_per_side = 32" in comments
    assert any("sha256 0000" in line for line in comments)
    assert len(comments) == 30, "the manual says how many lines to skip"
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert tuple(rows[0]) == OBJECT_COLUMNS
    with written["objects_csv"].open(encoding="utf-8-sig", newline="") as stream:
        expected = list(csv.reader(stream))
    assert [row[1:] for row in rows] == [row[1:] for row in expected]
    assert rows[1][0] == '=odd, "name"\\t.png'


def test_spreadsheets_get_a_byte_order_mark_and_their_line_ends(written):
    for name in ("objects_csv", "images_csv"):
        data = written[name].read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        assert data.count(b"\n") == data.count(b"\r\n")
    assert b"\r" not in written["data_file"].read_bytes()


def test_a_failure_in_the_middle_leaves_no_table(results, tmp_path):
    path = tmp_path / "out" / "objects.csv"
    path.parent.mkdir()
    path.write_text("old")

    def write():
        with TableWriter(objects_csv=path, settings=Settings(), model=MODEL) as tables:
            tables.add(next(iter(results)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert [p.name for p in path.parent.iterdir()] == ["objects.csv"]
    assert path.read_text() == "old"


def test_a_run_without_images_gives_heads_only(tmp_path):
    path = tmp_path / "images.csv"
    with TableWriter(images_csv=path, settings=Settings(), model=MODEL):
        pass
    assert pd.read_csv(path, encoding="utf-8-sig").columns.tolist() == list(IMAGE_COLUMNS)
    assert objects_frame([]).columns.tolist() == list(OBJECT_COLUMNS)
    assert images_frame([]).columns.tolist() == list(IMAGE_COLUMNS)


def test_frames_hold_plain_numbers(results):
    frame = objects_frame(results)
    assert frame["area_px"].dtype.kind == "i"
    assert frame["intensity"].dtype == np.float64
    images = images_frame(results)
    assert math.isclose(images["intensity"].sum(), frame["intensity"].sum())


def test_exclusive_pixels_change_the_numbers_and_not_the_boxes(store):
    kept = objects_frame(RunResults(store, FilterSettings()))
    exclusive = objects_frame(RunResults(store, FilterSettings(overlaps="exclusive")))
    of_both = kept["image"] == "tray/Präparat 2.png"
    assert kept[of_both]["area_px"].tolist() == [16, 16, 16]
    assert exclusive[of_both]["area_px"].tolist() == [16, 12, 16]
    assert kept["x0"].tolist() == exclusive["x0"].tolist()


def test_a_name_that_begins_like_a_comment_is_told_apart(store, tmp_path):
    objects = store.objects(next(r for r in store.records() if r.objects == 1))
    store.save(record_of("#1 slide #2.png", objects), objects)
    path = tmp_path / "data.txt"
    with TableWriter(data_file=path, settings=Settings(), model=MODEL) as tables:
        for result in RunResults(store, FilterSettings()):
            tables.add(result)
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert sum(row.startswith("\\x231 slide #2.png\t") for row in rows) == 1


ODD_FLOATS = [
    0.0,
    -0.0,
    1e-300,
    9.9e-5,
    1e-4,
    1e-3,
    0.88,
    1 / 3,
    999999.5,
    1e6,
    1e15,
    1e16,
    1e300,
    math.inf,
    math.nan,
]
FLOATS = st.floats(0, 1.25, width=32) | st.sampled_from(ODD_FLOATS[:-2]) | st.sampled_from(ODD_FLOATS)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=3, max_size=3))
def test_any_number_is_written_as_python_writes_it(results, tmp_path, values):
    result = next(r for r in results if r.filtered.keep.sum() == 3)
    wide, narrow = np.array(values).T
    with np.errstate(over="ignore"):
        narrow = narrow.astype(np.float32)
    odd = replace(
        result,
        masks=replace(result.masks, predicted_iou=narrow),
        measurements=replace(result.measurements, centroids=np.stack([wide, wide], axis=1)),
    )
    path = tmp_path / "objects.csv"
    with TableWriter(objects_csv=path, settings=Settings(), model=MODEL) as tables:
        tables.add(odd)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["centroid_x"] for row in rows] == ["" if math.isnan(v) else repr(v) for v in wide.tolist()]
    assert [row["predicted_iou"] for row in rows] == ["" if np.isnan(v) else str(v) for v in narrow]


def test_scores_are_written_in_the_shortest_form_that_reads_back():
    scores = np.random.default_rng(0).uniform(0.001, 1.2, 30_000).astype(np.float32)
    rows = tables_module._json_rows([np.arange(len(scores)), scores]).decode("ascii").split("\n")
    assert rows == [f"{number},{score!s}" for number, score in enumerate(scores)]


def test_both_ways_to_write_numbers_agree(results, tmp_path, monkeypatch):
    written = []
    for is_fast in (True, False):
        if not is_fast:
            monkeypatch.setattr(tables_module, "_is_written_alike", lambda values: False)
        path = tmp_path / f"{is_fast}.csv"
        with TableWriter(objects_csv=path, settings=Settings(), model=MODEL) as tables:
            for result in results:
                tables.add(result)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert written[0].count(b"\n") == 6
