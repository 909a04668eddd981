"""Regions as ImageJ and roifile read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import roifile
import shapely
from export_samples import MODEL
from odd_masks import Images, blobs, drawn, odd_masks, result_of, settings_of, table_of

from samhq.export.formats import export_format
from samhq.masks import MaskTable, runs_from_crop


def written(results, folder, **export) -> dict[str, list[roifile.ImagejRoi]]:
    export_format(results, folder, format="roi", name="slides", settings=settings_of(**export), model=MODEL)
    found = {}
    for path in folder.rglob("*_rois.zip"):
        rois = roifile.roiread(path)
        found[path.relative_to(folder).as_posix()] = rois if isinstance(rois, list) else [rois]
    return found


def rings_of(roi) -> list[np.ndarray]:
    return [np.asarray(ring, dtype=np.float64) for ring in roi.coordinates(multi=True)]


def shape_of(roi):
    """What ImageJ fills: the rings one over the other, by the even-odd rule."""
    shape = shapely.Polygon()
    for ring in rings_of(roi):
        shape = shape.symmetric_difference(shapely.Polygon(ring))
    return shape


def area_of(roi) -> float:
    """Holes run the other way around: the areas add up, by the non-zero rule as well."""
    total = 0.0
    for ring in rings_of(roi):
        x, y = ring.T
        total += (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
    return total


def test_the_area_of_every_region_is_that_of_its_mask(tmp_path):
    result = result_of(table_of([*odd_masks().values(), *blobs(20)]))
    (rois,) = written(Images(result), tmp_path).values()
    assert len(rois) == len(result.masks)
    y, x = np.mgrid[: result.masks.height, : result.masks.width]
    for i, roi in enumerate(rois):
        assert area_of(roi) == shape_of(roi).area == result.masks.areas()[i]
        assert np.array_equal(shapely.contains_xy(shape_of(roi), x + 0.5, y + 0.5), result.masks.mask(i))


def test_only_objects_with_holes_or_several_pieces_are_composites(tmp_path):
    names = list(odd_masks())
    result = result_of(table_of(list(odd_masks().values())))
    (rois,) = written(Images(result), tmp_path).values()
    kinds = dict(zip(names, rois, strict=True))
    simple = {name for name, roi in kinds.items() if not roi.composite}
    assert simple == {"pixel", "line", "column", "stairs", "comb"}
    assert all(kinds[name].roitype == roifile.ROI_TYPE.TRACED for name in simple)
    assert len(rings_of(kinds["piece in a hole"])) == 3


def test_regions_have_number_box_and_measurements(tmp_path):
    result = result_of(table_of([drawn("###\n###"), drawn("##\n.#")], x=11, y=4))
    (rois,) = written(Images(result), tmp_path, columns="imagej", shape="solidity").values()
    assert [roi.name for roi in rois] == ["0001", "0002"]
    assert (rois[0].left, rois[0].top, rois[0].right, rois[0].bottom) == (11, 4, 14, 6)
    measured = dict(line.split(": ") for line in rois[0].props.splitlines())
    assert measured["Area"] == "6"
    assert float(measured["Mean"]) == result.filtered.ratio[0]
    assert measured["Solidity"] == "1.0"


@pytest.mark.parametrize(("pages", "position"), [(1, 0), (5, 3)])
def test_regions_of_a_page_stand_on_its_slice(tmp_path, pages, position):
    result = result_of(table_of([drawn("###")]))
    record = replace(result.record, pages=pages, page=3 if pages > 1 else 1)
    (rois,) = written(Images(replace(result, record=record)), tmp_path).values()
    assert rois[0].position == position


@pytest.mark.parametrize("far", [40_000, 70_000])
def test_far_right_in_a_huge_image_regions_stay_exact(tmp_path, far):
    mask = drawn("####\n#..#\n####")
    masks = MaskTable.from_runs(
        [runs_from_crop(m, x0=far, y0=2, height=8, width=far + 9) for m in (mask, np.ones((2, 3), bool))],
        height=8,
        width=far + 9,
    )
    (rois,) = written(Images(result_of(masks)), tmp_path).values()
    assert [area_of(roi) for roi in rois] == [10, 6]
    assert min(ring[:, 0].min() for ring in rings_of(rois[1])) == far


def test_equal_objects_give_equal_files_and_no_objects_an_empty_zip(results, tmp_path):
    first, second = written(results, tmp_path / "1"), written(results, tmp_path / "2")
    assert {name: len(rois) for name, rois in first.items()} == {
        "tray/Präparat 2_sam_hq_rois.zip": 3,
        "tray/Präparat 10_sam_hq_rois.zip": 1,
        "=odd, _name___sam_hq_rois.zip": 1,
        "empty_sam_hq_rois.zip": 0,
        "faint_sam_hq_rois.zip": 0,
    }
    for name in second:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
