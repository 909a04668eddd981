"""The classical baseline on discs, and against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from samhq.evaluation.classical import foreground, otsu_watershed
from samhq.evaluation.metrics import score_image


def discs(*places, radius=12, shape=(120, 160)):
    """Labels of discs; where two meet, the nearer middle owns the pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    distance = np.stack([np.hypot(y - b, x - a) for a, b in places])
    return np.where(distance.min(axis=0) <= radius, distance.argmin(axis=0) + 1, 0).astype(np.int32)


def picture(labels, *, ground=200, objects=60, noise=6.0):
    rng = np.random.default_rng(1)
    gray = np.where(labels > 0, objects, ground) + rng.normal(0, noise, labels.shape)
    return (257 * np.clip(np.rint(gray), 0, 255)).astype(np.uint16)


TOUCHING = discs((30, 30), (51, 36), (100, 60), (120, 70), (60, 90))


@pytest.mark.parametrize(("ground", "objects"), [(200, 60), (20, 150)])
def test_touching_discs_are_found_one_by_one_whatever_their_polarity(ground, objects):
    level = picture(TOUCHING, ground=ground, objects=objects)
    score = score_image(TOUCHING, otsu_watershed(level), level)
    assert score.ap[0] == score.ap[5] == 1


def test_the_polarity_can_be_chosen():
    level = picture(TOUCHING)
    dark, bright = (foreground(level, objects=side) for side in ("dark", "bright"))
    assert np.array_equal(dark, ~bright)
    assert dark[30, 30]
    assert not dark[0, 0]


def test_auto_takes_for_objects_what_is_rarer_at_the_edge():
    crowd = discs(*[(x, y) for x in range(20, 150, 27) for y in range(20, 110, 27)], radius=13)
    level = picture(crowd)
    assert (crowd > 0).mean() > 0.5
    assert foreground(level)[20, 20]


def test_specks_and_empty_images_give_nothing():
    level = picture(discs((30, 30), radius=1), noise=0)
    assert otsu_watershed(level).max() == 0
    assert otsu_watershed(np.full((20, 30), 257, np.uint16), objects="dark").max() <= 1


def test_numbers_are_consecutive_and_objects_connected():
    labels = otsu_watershed(picture(TOUCHING))
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert all(ndimage.label(labels == i)[1] == 1 for i in range(1, labels.max() + 1))


def test_it_agrees_with_the_watershed_of_scikit_image():
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    level = picture(TOUCHING)
    covered = foreground(level)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(covered), 1)
    peaks = peak_local_max(distance, min_distance=7, labels=ndimage.label(covered)[0], exclude_border=False)
    markers = np.zeros(covered.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    theirs = watershed(-distance, markers, mask=covered).astype(np.int32)
    theirs[np.isin(theirs, np.flatnonzero(np.bincount(theirs.ravel()) < 20))] = 0
    theirs = np.unique(theirs, return_inverse=True)[1].reshape(theirs.shape)
    score = score_image(theirs, otsu_watershed(level), level)
    assert score.ap[THRESHOLD_80] == 1


THRESHOLD_80 = 6
