"""Measurements of shape are those of scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odd_masks import blobs, odd_masks, table_of
from skimage.measure import regionprops

from samhq.export_settings import SHAPE_NAMES, ExportSettings
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.shape import measure_shapes

OWN = ("circularity", "aspect_ratio", "roundness")  # that scikit-image does not have
WHOLE = ("euler_number", "area_convex", "area_filled", "area_bbox")


def assert_as_in_skimage(masks: list[np.ndarray]) -> None:
    # A little beside the corner of the image, and in one as high as the mask, where runs go on in the next column.
    for table in (
        table_of(masks),
        *(table_of([m], height=len(m), width=m.shape[1] + 3, x=2, y=0) for m in masks[:9]),
    ):
        found = measure_shapes(table)
        for i in range(len(table)):
            (region,) = regionprops(table.mask(i).astype(np.uint8))
            for name in SHAPE_NAMES:
                if name in WHOLE:
                    assert found[name][i] == getattr(region, name), name
                elif name not in OWN:
                    expected = getattr(region, name)
                    assert found[name][i] == pytest.approx(expected, rel=1e-9, abs=1e-7), (name, masks[i])


def test_odd_masks_have_the_shape_that_scikit_image_measures():
    assert_as_in_skimage(list(odd_masks().values()))


def test_masks_of_all_kinds_have_the_shape_that_scikit_image_measures():
    assert_as_in_skimage(blobs(60))


@settings(max_examples=60, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_any_mask_has_the_shape_that_scikit_image_measures(mask):
    mask[0, 0] = True
    if mask.any(axis=1)[-1] and mask.any(axis=0)[-1]:
        assert_as_in_skimage([mask])


def test_circularity_aspect_ratio_and_roundness_are_what_their_formulas_say():
    table = table_of(blobs(30))
    found = measure_shapes(table)
    areas = table.areas()
    for i in np.flatnonzero((found["perimeter"] > 0) & (found["axis_minor_length"] > 0)):
        assert found["circularity"][i] == pytest.approx(4 * np.pi * areas[i] / found["perimeter"][i] ** 2)
        major, minor = found["axis_major_length"][i], found["axis_minor_length"][i]
        assert found["aspect_ratio"][i] == pytest.approx(major / minor)
        assert found["roundness"][i] == pytest.approx(4 * areas[i] / (np.pi * major**2))


def test_what_would_divide_by_zero_is_missing():
    found = measure_shapes(table_of([np.ones((1, 1), bool)]))
    assert found["perimeter"][0] == 0
    assert np.isnan([found[name][0] for name in OWN]).all()
    assert found["solidity"][0] == found["extent"][0] == 1
    assert found["feret_diameter_max"][0] == 1


def test_a_mask_without_pixels_has_no_shape():
    table = MaskTable.concatenate([table_of([np.zeros((2, 2), bool), np.ones((2, 3), bool)])])
    found = measure_shapes(table)
    assert found["area_bbox"].tolist() == [0, 6]
    assert np.isnan(found["perimeter"][0])
    assert found["extent"][1] == 1


def test_no_masks_have_no_shapes():
    found = measure_shapes(MaskTable.empty(height=5, width=5))
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(SHAPE_NAMES, 0)


@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_each_can_be_measured_alone(name):
    table = table_of(blobs(6))
    alone = measure_shapes(table, [name])
    assert list(alone) == [name]
    assert np.array_equal(alone[name], measure_shapes(table)[name], equal_nan=True)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="roundnes: no measurement"):
        measure_shapes(table_of(blobs(1)), ["roundnes"])


def test_measuring_can_be_stopped():
    monitor = StoppableMonitor()
    monitor.stop()
    with pytest.raises(Cancelled):
        measure_shapes(table_of(blobs(3)), monitor=monitor)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("none", ()),
        ("", ()),
        ("all", SHAPE_NAMES),
        ("solidity, perimeter", ("perimeter", "solidity")),
        (",".join(SHAPE_NAMES), SHAPE_NAMES),
    ],
)
def test_the_setting_names_measurements_in_the_order_of_the_tables(text, names):
    assert ExportSettings(shape=text).shapes == names


def test_the_setting_refuses_what_cannot_be_measured():
    with pytest.raises(ValueError, match=r"shape feret: there is no such measurement; .*feret_diameter_max"):
        ExportSettings(shape="perimeter,feret")
