"""GeoJSON as QuPath and shapely read it."""

from __future__ import annotations

import json
import uuid

import numpy as np
import pytest
import shapely
from export_samples import MODEL
from odd_masks import Images, blobs, odd_masks, result_of, settings_of, table_of

from samhq.export.formats import export_format
from samhq.results import RunResults
from samhq.settings import FilterSettings


def written(results, folder, **export):
    export_format(
        results, folder, format="geojson", name="slides", settings=settings_of(**export), model=MODEL
    )
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.geojson")
    }


@pytest.fixture
def odd():
    return result_of(table_of([*odd_masks().values(), *blobs(20)]))


def test_every_outline_is_valid_and_holds_exactly_the_pixels_of_its_object(odd, tmp_path):
    (collection,) = written(Images(odd), tmp_path).values()
    assert len(collection["features"]) == len(odd.masks)
    y, x = np.mgrid[: odd.masks.height, : odd.masks.width]
    for i, feature in enumerate(collection["features"]):
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.is_valid
        assert shape.area == odd.masks.areas()[i] == feature["properties"]["measurements"]["area_px"]
        assert np.array_equal(shapely.contains_xy(shape, x + 0.5, y + 0.5), odd.masks.mask(i))


def test_rings_are_closed_and_wound_as_the_standard_says(odd, tmp_path):
    (collection,) = written(Images(odd), tmp_path).values()
    kinds = set()
    for feature in collection["features"]:
        geometry = feature["geometry"]
        kinds.add(geometry["type"])
        parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        for part in parts:
            for place, ring in enumerate(part):
                assert ring[0] == ring[-1]
                assert len(ring) >= 5
                assert shapely.LinearRing(ring).is_ccw == (place == 0)
    assert kinds == {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize("kind", ["detection", "cell", "annotation"])
def test_the_structure_is_the_one_qupath_writes(odd, tmp_path, kind):
    (collection,) = written(Images(odd), tmp_path, qupath_object=kind, class_name="Zellkern ü").values()
    assert collection["type"] == "FeatureCollection"
    ids = [uuid.UUID(feature["id"]) for feature in collection["features"]]
    assert len(set(ids)) == len(ids)
    for number, feature in enumerate(collection["features"], start=1):
        assert set(feature) == {"type", "id", "geometry", "properties"}
        assert feature["type"] == "Feature"
        properties = feature["properties"]
        assert set(properties) == {"objectType", "name", "classification", "measurements"}
        assert properties["objectType"] == kind
        assert properties["name"] == str(number)
        assert properties["classification"]["name"] == "Zellkern ü"
        assert len(properties["classification"]["color"]) == 3
        assert all(isinstance(v, int | float) for v in properties["measurements"].values())


def test_measurements_are_those_of_the_tables_and_what_is_missing_is_left_out(odd, tmp_path):
    (collection,) = written(Images(odd), tmp_path, shape="circularity,solidity").values()
    first = collection["features"][0]["properties"]["measurements"]  # a single pixel
    assert first["area_px"] == 1
    assert first["intensity"] == odd.filtered.intensity[0]
    assert first["predicted_iou"] == 1
    assert first["solidity"] == 1
    assert "circularity" not in first
    assert "circularity" in collection["features"][-1]["properties"]["measurements"]


def test_an_object_keeps_its_identifier_under_another_filter(store, tmp_path):
    all_of = written(RunResults(store, FilterSettings()), tmp_path / "all")
    some = written(RunResults(store, FilterSettings(min_ratio=75)), tmp_path / "some")
    ids = {name: [f["id"] for f in c["features"]] for name, c in all_of.items()}
    fewer = {name: [f["id"] for f in c["features"]] for name, c in some.items()}
    assert sum(map(len, fewer.values())) < sum(map(len, ids.values()))
    assert all(set(fewer[name]) <= set(ids[name]) for name in fewer)
    assert len({i for found in ids.values() for i in found}) == sum(map(len, ids.values()))


def test_every_image_has_its_file_and_a_failed_one_none(results, tmp_path):
    stale = tmp_path / "torn_sam_hq.geojson"
    stale.write_text("{}", encoding="utf-8")
    found = written(results, tmp_path)
    assert not stale.exists()
    assert len(found) == 5
    assert found["tray/Präparat 2_sam_hq.geojson"]["features"]
    assert found["empty_sam_hq.geojson"] == {"type": "FeatureCollection", "features": []}
    assert found["faint_sam_hq.geojson"]["features"] == []
