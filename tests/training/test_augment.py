from __future__ import annotations

import numpy as np
from training_samples import discs

from samhq.training.augment import NOTHING, Varied, take_crop
from samhq.training.data import LabelledPicture


def picture(side: int = 128) -> LabelledPicture:
    pixels, labels = discs(0, side=side)
    return LabelledPicture("discs", "discs", pixels, labels)


def test_without_variation_a_picture_of_the_frame_is_shown_as_it_is():
    shown = picture()
    crop = take_crop(np.random.default_rng(0), shown, side=128, frame=128, varied=NOTHING)
    assert np.array_equal(crop.pixels[..., 0], shown.pixels)
    assert np.array_equal(crop.labels, shown.labels)
    assert crop.inside.all()


def test_labels_move_with_the_picture():
    for seed in range(20):
        varied = Varied(look=0, invert_bright=0, invert_dark=0)
        crop = take_crop(np.random.default_rng(seed), picture(), side=96, frame=160, varied=varied)
        objects = crop.labels > 0
        ground = ~objects & crop.inside
        if objects.sum() > 100 and ground.sum() > 100:
            assert np.median(crop.pixels[ground]) - np.median(crop.pixels[objects]) > 40


def test_outside_of_the_picture_is_marked_and_has_no_labels():
    varied = Varied(low=0.5, high=0.5, whole=0, look=0)
    crop = take_crop(np.random.default_rng(1), picture(), side=128, frame=128, varied=varied)
    wide = LabelledPicture("d", "d", picture().pixels[:64], picture().labels[:64])
    narrow = take_crop(np.random.default_rng(1), wide, side=128, frame=128, varied=NOTHING)
    assert crop.inside.sum() == 64 * 64 or crop.inside.all()
    assert narrow.inside.sum() == 64 * 128
    assert not narrow.labels[~narrow.inside].any()


def test_inverting_makes_bright_objects_dark():
    pixels, labels = discs(0)
    bright = LabelledPicture("d", "d", 255 - pixels, labels)
    always = Varied(low=1, high=1, whole=0, invert_bright=1, invert_dark=0, turn=False, look=0)
    crop = take_crop(np.random.default_rng(0), bright, side=128, frame=128, varied=always)
    assert crop.pixels[crop.labels > 0].mean() < crop.pixels[crop.labels == 0].mean()


def test_the_same_generator_gives_the_same_crop():
    first, again = (
        take_crop(np.random.default_rng(5), picture(), side=96, frame=160, varied=Varied()) for _ in range(2)
    )
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.labels, again.labels)
