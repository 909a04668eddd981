"""Parquet tables as polars reads them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from export_samples import MODEL
from odd_masks import settings_of

from samhq.export import parquet
from samhq.export.columns import DIALECTS, ObjectColumns
from samhq.export.formats import export_format
from samhq.export.tables import IMAGE_COLUMNS, images_frame, objects_frame
from samhq.results import RunResults
from samhq.settings import FilterSettings


def export(results, folder, **values):
    settings = settings_of(**values)
    return export_format(results, folder, format="parquet", name="slides", settings=settings, model=MODEL)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_polars_reads_the_numbers_of_the_tables_with_their_types(results, tmp_path, dialect):
    export(results, tmp_path, columns=dialect, shape="all")
    found = pl.read_parquet(tmp_path / "objects.parquet")
    expected = objects_frame(results, shape="all", columns=dialect)
    assert found.columns == list(expected.columns)
    for name in found.columns:
        values = found[name].to_list()
        if expected[name].dtype.kind == "f":
            assert not any(v is not None and np.isnan(v) for v in values)  # missing is missing, not NaN
            assert np.array_equal(
                [np.nan if v is None else v for v in values], expected[name], equal_nan=True
            )
            assert found.schema[name] == (pl.Float32 if expected[name].dtype == np.float32 else pl.Float64)
        else:
            assert values == expected[name].tolist()
            assert found.schema[name] == (pl.String if isinstance(values[0], str) else pl.Int64), name


def test_polars_reads_every_image(results, tmp_path):
    export(results, tmp_path)
    found = pl.read_parquet(tmp_path / "images.parquet")
    assert tuple(found.columns) == IMAGE_COLUMNS
    expected = images_frame(results)
    for name in found.columns:
        values = [None if v is None or v != v else v for v in expected[name].tolist()]
        assert found[name].to_list() == values, name
    assert found["objects_kept"].dtype == pl.Int64
    assert found["white"].dtype == pl.Float64


def test_settings_and_model_are_in_the_file(results, tmp_path):
    export(results, tmp_path)
    facts = pl.read_parquet_metadata(tmp_path / "objects.parquet")
    assert json.loads(facts["samhq.model"])["name"] == "starter"
    assert json.loads(facts["samhq.settings"])["filter.min_aggregation"] == "0.0"


def test_rows_are_the_same_in_one_group_or_in_many(results, tmp_path, monkeypatch):
    export(results, tmp_path / "one")
    monkeypatch.setattr(parquet, "_ROWS_AT_ONCE", 2)
    export(results, tmp_path / "many")
    for name in ("objects.parquet", "images.parquet"):
        assert pl.read_parquet(tmp_path / "one" / name).equals(pl.read_parquet(tmp_path / "many" / name))


def test_a_run_without_objects_has_all_columns(store, tmp_path):
    export(RunResults(store, FilterSettings(min_area=1e6)), tmp_path)
    found = pl.read_parquet(tmp_path / "objects.parquet")
    assert tuple(found.columns) == ObjectColumns().names
    assert len(found) == 0
    assert found.schema["area_px"] == pl.Int64
