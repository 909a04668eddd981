"""The classical method a model is compared with: Otsu's threshold and a watershed of the distance transform.

Nothing in it is learnt or tuned to a set; its four numbers below are the usual ones. Sources: Otsu 1979,
doi:10.1109/TSMC.1979.4310076; the watershed on distances as in Vincent and Soille 1991,
doi:10.1109/34.87344.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from samhq.labels import LabelArray

__all__ = ["Ground", "foreground", "otsu_watershed"]

Ground = Literal["auto", "dark", "bright"]
"""What objects are against their ground; auto: the rarer of the two at the image's edge."""

_SMOOTHING_PX = 1.0
_DISTANCE_SMOOTHING_PX = 1.0
_MIN_DISTANCE_PX = 7  # between the middles of two objects
_MIN_AREA_PX = 20

BoolArray = npt.NDArray[np.bool_]


def otsu_watershed(level: npt.NDArray[np.uint16], *, objects: Ground = "auto") -> LabelArray:
    """Objects of a gray image without any model.

    level: (height, width) uint16 gray levels. objects: "dark" or "bright" against the ground; "auto"
    takes as ground whichever side of the threshold holds most of the image's edge.
    """
    covered = foreground(level, objects=objects)
    return _without_specks(_split_touching(covered))


def foreground(level: npt.NDArray[np.uint16], *, objects: Ground = "auto") -> BoolArray:
    """Pixels on the objects' side of Otsu's threshold of the slightly smoothed image; see otsu_watershed."""
    gray = np.ascontiguousarray(level >> 8).astype(np.uint8)
    smooth = cv2.GaussianBlur(gray, (0, 0), _SMOOTHING_PX)
    bright = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1].astype(np.bool_)
    if objects == "auto":
        edge = np.concatenate([bright[0], bright[-1], bright[1:-1, 0], bright[1:-1, -1]])
        return np.asarray(bright if edge.mean() < 0.5 else ~bright)
    return np.asarray(bright if objects == "bright" else ~bright)


def _split_touching(covered: BoolArray) -> LabelArray:
    """Each connected piece cut along the valleys between the middles of its parts."""
    from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter, label

    distance = gaussian_filter(distance_transform_edt(covered), _DISTANCE_SMOOTHING_PX)
    pieces, _ = label(covered)
    middles = np.zeros(covered.shape, np.float32)
    count = 0
    for number, box in enumerate(find_objects(pieces), start=1):
        inside = pieces[box] == number
        peaks, found = _peaks(np.where(inside, distance[box], 0.0), inside)
        middles[box][inside] = np.where(peaks, peaks + count, 0)[inside]
        count += found
    return _flood(middles, distance, covered)


def _peaks(distance: npt.NDArray[np.float64], inside: BoolArray) -> tuple[LabelArray, int]:
    """The places of one piece from which it is deepest for _MIN_DISTANCE_PX around, numbered, and how many."""
    from scipy.ndimage import label, maximum_filter

    highest = maximum_filter(distance, size=2 * _MIN_DISTANCE_PX + 1, mode="constant")
    peaks, count = label((distance == highest) & inside, np.ones((3, 3)))
    return np.asarray(peaks, np.int32), int(count)


def _flood(
    middles: npt.NDArray[np.float32], distance: npt.NDArray[np.float64], covered: BoolArray
) -> LabelArray:
    """Let the numbered middles grow downhill in steps of half a pixel until all that is covered is taken."""
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    steps = np.where(covered, np.maximum(np.rint(2 * distance), 0), -1).astype(np.int32)
    # float32 holds whole numbers up to 16 million, and OpenCV grows no 32-bit integers.
    labels = middles
    for level in range(int(steps.max(initial=0)), -1, -1):
        open_ = steps >= level
        left = np.count_nonzero(open_ & (labels == 0))
        while left:
            labels = np.where(open_ & (labels == 0), cv2.dilate(labels, cross), labels)
            still = np.count_nonzero(open_ & (labels == 0))
            if still == left:
                break
            left = still
    return labels.astype(np.int32)


def _without_specks(labels: LabelArray) -> LabelArray:
    area = np.bincount(labels.ravel())
    keep = area >= _MIN_AREA_PX
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return numbers[labels]
