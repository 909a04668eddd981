"""What the network should say about a crop: masks of prompts, and dense maps.

All maps have a quarter of the crop's side, as the decoder's logits have. Masks are coverages from 0 to 1, not
yes or no: only so does the upsampled zero crossing lie right for small objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samhq.training.augment import Crop

__all__ = ["DENSE_CHANNELS", "CropPrompts", "DenseTargets", "coverage", "dense_targets", "draw_prompts"]

Floats = npt.NDArray[np.float32]
Rng = np.random.Generator
DENSE_CHANNELS = 5
_FINE = 4
_MIN_AREA = 12  # pixels of the crop; less is no object one could point at
_CLEAR = 2.5  # pixels between an object and a point that surely is not in it


@dataclass(frozen=True, slots=True)
class CropPrompts:
    """p prompts of one crop, in its pixels.

    points: (p, 2) float x, y. boxes: (p, 4) float xyxy. by_box: (p,) bool, ask by the box. objects: (p,) int32, the
    label asked for, 0 for none. counts: (p,) bool, False for a filler without meaning.
    """

    points: Floats
    boxes: Floats
    by_box: npt.NDArray[np.bool_]
    objects: npt.NDArray[np.int32]
    counts: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DenseTargets:
    """Dense maps of one crop, s/4 x s/4.

    maps: (5, ...) coverage by objects, border, distance to the edge (1 in the middle of each object), direction to
    the middle x and y (in radii of the object, cut at 1). known: (...) 0 where nothing is known about the ground.
    """

    maps: Floats
    known: Floats


def coverage(mask: npt.NDArray[np.bool_]) -> Floats:
    """(s, s) bool to the covered part of each 4 x 4 pixels, (s/4, s/4)."""
    s = mask.shape[0] // _FINE
    return np.asarray(mask.reshape(s, _FINE, s, _FINE).mean(axis=(1, 3), dtype=np.float32))


def draw_prompts(rng: Rng, crop: Crop, *, objects: int, grounds: int, box_share: float) -> CropPrompts | None:
    """Choose points and boxes of objects and points on the ground. None if the crop shows no object."""
    areas = np.bincount(crop.labels.ravel())
    areas[0] = 0
    there = np.nonzero(areas >= _MIN_AREA)[0]
    if not len(there):
        return None
    # Large objects are hit by more points of a grid, small ones are more: something between.
    weights = areas[there] ** 0.3
    count = min(len(there), objects)
    chosen = rng.choice(there, count, replace=False, p=weights / weights.sum())
    chosen = np.resize(chosen, objects)
    interior = cv2.erode((_inner(crop.labels)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    points = np.zeros((objects + grounds, 2), np.float32)
    boxes = np.zeros((objects + grounds, 4), np.float32)
    for i, label in enumerate(chosen):
        y, x = np.nonzero(crop.labels == label)
        place = int(rng.integers(len(y)))
        if rng.random() < 0.6:  # a second try for a point that is not at the edge
            for _ in range(4):
                if interior[y[place], x[place]]:
                    break
                place = int(rng.integers(len(y)))
        points[i] = x[place] + rng.uniform(-0.5, 0.5), y[place] + rng.uniform(-0.5, 0.5)
        box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float32)
        size = np.tile(box[2:] - box[:2], 2)
        boxes[i] = box + rng.uniform(-0.08, 0.08, 4) * size
    ground = _ground_points(rng, crop, grounds)
    counts = np.ones(objects + grounds, np.bool_)
    counts[objects + len(ground) :] = False
    points[objects : objects + len(ground)] = ground
    by_box = rng.random(objects + grounds) < box_share
    by_box[objects:] = False
    return CropPrompts(
        points, boxes, by_box, np.concatenate([chosen, np.zeros(grounds)]).astype(np.int32), counts
    )


def _inner(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Pixels of objects whose four neighbours are of the same object."""
    same = labels > 0
    for axis in (0, 1):
        different = np.diff(labels, axis=axis) != 0
        first = [slice(None), slice(None)]
        first[axis] = slice(0, -1)
        same[tuple(first)] &= ~different
        first[axis] = slice(1, None)
        same[tuple(first)] &= ~different
    return same


def _ground_points(rng: Rng, crop: Crop, count: int) -> Floats:
    """Points that surely lie in no object, half of them close to one."""
    empty = (crop.labels == 0) & crop.inside
    distance = cv2.distanceTransform((crop.labels == 0).astype(np.uint8), cv2.DIST_L2, 3)
    empty &= distance >= _CLEAR
    if crop.incomplete:
        empty &= _plain_ground(crop)
    near = np.flatnonzero(empty & (distance <= 7))
    far = np.flatnonzero(empty & (distance > 7))
    both = [part for part in (near, far) if len(part)]
    if not both:
        return np.zeros((0, 2), np.float32)
    places = np.array([rng.choice(both[i % len(both)]) for i in range(count)])
    y, x = np.divmod(places, crop.labels.shape[1])
    return np.stack([x, y], axis=1).astype(np.float32)


def _plain_ground(crop: Crop) -> npt.NDArray[np.bool_]:
    """Where the picture looks like its ground and not at all like its objects.

    For sets in which not every object has a label: only there it is safe to say that nothing is.
    """
    grey = cv2.GaussianBlur(crop.pixels[..., 1], (0, 0), 1.5).astype(np.float32)
    ground, objects = (crop.labels == 0) & crop.inside, crop.labels > 0
    if not ground.any() or not objects.any():
        return np.zeros_like(ground)
    middle = float(np.median(grey[ground]))
    apart = abs(float(np.median(grey[objects])) - middle)
    if apart < 8:
        return np.zeros_like(ground)
    return np.asarray(np.abs(grey - middle) < 0.35 * apart)


def dense_targets(crop: Crop) -> DenseTargets:
    """The dense maps of a crop."""
    labels = crop.labels
    objects = coverage(labels > 0)
    inner = _inner(labels)
    border = coverage((labels > 0) & ~inner)
    depth = cv2.distanceTransform(inner.astype(np.uint8), cv2.DIST_L2, 3)
    small = labels[2::_FINE, 2::_FINE]
    count = int(labels.max()) + 1
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    distance = depth[2::_FINE, 2::_FINE] / np.maximum(deepest[small], 1)
    areas = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    radius = np.sqrt(areas / np.pi)[small]
    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32)
    towards = []
    for place in (x, y):
        middle = np.bincount(labels.ravel(), weights=place.ravel(), minlength=count) / areas
        towards.append(np.clip((middle[small] - place[2::_FINE, 2::_FINE]) / radius, -1, 1) * (small > 0))
    known = coverage(crop.inside)
    if crop.incomplete:
        safe = coverage(_plain_ground(crop)) > 0.99
        edge = cv2.dilate((objects > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        known = known * (safe | edge)
    maps = np.stack([objects, np.minimum(border * 2, 1), distance * (small > 0), *towards])
    return DenseTargets(maps.astype(np.float32), known.astype(np.float32))
