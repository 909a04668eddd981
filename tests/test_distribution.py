"""The aggregation of a whole image and of a part of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from samhq import api
from samhq.errors import SettingsError


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)


def test_a_region_is_analysed_alone():
    picture = image()
    region = np.zeros(picture.shape, dtype=bool)
    region[5:20, 7:9] = True
    part = api.aggregation(picture, region=region)
    cut = api.aggregation(picture[5:20, 7:9])
    assert part.distribution.pixels == 30
    assert part.distribution.mean == cut.distribution.mean
    np.testing.assert_array_equal(part.distribution.counts, cut.distribution.counts)
    assert part.aggregation.shape == picture.shape


def test_an_image_that_is_read_already_is_taken_as_it_is(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", image())[1].tobytes())
    of_image = api.aggregation(api.read_image(path))
    np.testing.assert_array_equal(of_image.aggregation, api.aggregation(path).aggregation)


@pytest.mark.parametrize(
    ("region", "fault"),
    [
        (np.zeros((30, 40), bool), "holds no pixel"),
        (np.ones((3, 4), bool), "expected bool"),
        (np.ones((30, 40)), "expected bool"),
    ],
)
def test_a_region_that_fits_nothing_is_refused(region, fault):
    with pytest.raises(SettingsError, match=fault):
        api.aggregation(image(), region=region)
