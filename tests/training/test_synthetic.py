from __future__ import annotations

import numpy as np
from scipy import ndimage

from samhq.training.synthetic import synthetic_picture


def test_the_same_seed_gives_the_same_picture():
    first, again, other = (
        synthetic_picture(3, side=160),
        synthetic_picture(3, side=160),
        synthetic_picture(4, side=160),
    )
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_every_object_is_one_piece_and_numbers_have_no_gaps():
    for seed in range(12):
        labels = synthetic_picture(seed, side=160).labels
        numbers = np.unique(labels)[1:]
        assert np.array_equal(numbers, np.arange(1, len(numbers) + 1))
        assert all(ndimage.label(labels == n)[1] == 1 for n in numbers)


def test_most_pictures_are_dark_on_light_and_sizes_vary_widely():
    dark, sizes = [], []
    for seed in range(40):
        picture = synthetic_picture(seed, side=160)
        grey = picture.pixels if picture.pixels.ndim == 2 else picture.pixels.mean(axis=2)
        objects = picture.labels > 0
        if objects.any() and not objects.all():
            dark.append(grey[objects].mean() < grey[~objects].mean())
            sizes += np.sqrt(np.bincount(picture.labels.ravel())[1:]).tolist()
    assert 0.4 < np.mean(dark) < 0.85
    assert np.percentile(sizes, 10) < 12
    assert np.max(sizes) > 60
