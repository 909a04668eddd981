"""Crops of labelled pictures, varied in place, size, direction and look."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samhq.training.data import LabelledPicture

__all__ = ["Crop", "Varied", "take_crop"]

Floats = npt.NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Varied:
    """How much crops may differ from the picture. Probabilities from 0 to 1.

    low, high: size relative to the one at which the network sees a whole picture. whole: share of crops that
    show the whole picture, shrunk. invert_bright, invert_dark: share of inverted pictures among those with
    bright and with dark objects. turn: flips and quarter turns. look: everything that changes grey values.
    """

    low: float = 0.5
    high: float = 1.7
    whole: float = 0.2
    invert_bright: float = 0.45
    invert_dark: float = 0.12
    turn: bool = True
    look: float = 1.0


NOTHING = Varied(low=1, high=1, whole=0, invert_bright=0, invert_dark=0, turn=False, look=0)


@dataclass(frozen=True, slots=True)
class Crop:
    """A square cut-out of side s.

    pixels: (s, s, 3) uint8 RGB. labels: (s, s) int32, 0 background. inside: (s, s) bool, False where the
    picture has ended. incomplete: what has no label may still be an object.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    inside: npt.NDArray[np.bool_]
    incomplete: bool


def take_crop(rng: Rng, picture: LabelledPicture, *, side: int, frame: int, varied: Varied) -> Crop:
    """A crop of side pixels, at about the size at which a network of this frame sees the picture."""
    pixels, labels = picture.pixels, picture.labels
    if varied.turn:
        pixels, labels = _turned(rng, pixels, labels)
    scale = _scale(rng, labels.shape, side=side, frame=frame, varied=varied)
    pixels, labels, inside = _cut(rng, pixels, labels, side=side, scale=scale)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if varied.look or varied.invert_bright or varied.invert_dark:
        pixels = _other_look(rng, pixels, labels, inside, varied)
    return Crop(pixels, labels.astype(np.int32), inside, picture.incomplete)


def _turned(
    rng: Rng, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    quarter = int(rng.integers(4))
    pixels, labels = np.rot90(pixels, quarter), np.rot90(labels, quarter)
    if rng.random() < 0.5:
        pixels, labels = pixels[:, ::-1], labels[:, ::-1]
    return pixels, labels


def _scale(rng: Rng, shape: tuple[int, ...], *, side: int, frame: int, varied: Varied) -> float:
    longest = max(shape)
    fit = frame / longest
    draw = rng.random()
    if side >= frame:
        # What segmentation shows the network: the whole picture in the whole frame.
        return (
            fit if draw < 0.6 else fit * float(np.exp(rng.uniform(np.log(varied.low), np.log(varied.high))))
        )
    if draw < varied.whole:
        return side / longest * rng.uniform(0.9, 1.15)
    return fit * float(np.exp(rng.uniform(np.log(varied.low), np.log(varied.high))))


def _cut(
    rng: Rng,
    pixels: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint16],
    *,
    side: int,
    scale: float,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
    """A side x side part of the scaled picture, most often around an object."""
    anchor = _anchor(rng, labels)
    spans, places = [], []
    for axis in (0, 1):
        length = labels.shape[axis]
        wanted = min(length, max(4, round(side / scale)))
        start = int(np.clip(anchor[axis] - rng.uniform(0.1, 0.9) * wanted, 0, length - wanted))
        size = min(side, max(1, round(wanted * scale)))
        room = side - size
        # A picture that does not fill the crop lies where segmentation puts it, or anywhere.
        places.append((0 if rng.random() < 0.5 else int(rng.integers(room + 1)), size))
        spans.append(slice(start, start + wanted))
    (y, height), (x, width) = places
    part = np.ascontiguousarray(pixels[spans[0], spans[1]])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = cv2.resize(part, (width, height), interpolation=way)
    numbers = cv2.resize(
        np.ascontiguousarray(labels[spans[0], spans[1]]),
        (width, height),
        interpolation=cv2.INTER_NEAREST_EXACT,
    )
    out = np.full((side, side, *pixels.shape[2:]), 124, np.uint8)
    out_labels = np.zeros((side, side), np.uint16)
    inside = np.zeros((side, side), np.bool_)
    out[y : y + height, x : x + width] = shown
    out_labels[y : y + height, x : x + width] = numbers
    inside[y : y + height, x : x + width] = True
    return out, out_labels, inside


def _anchor(rng: Rng, labels: npt.NDArray[np.uint16]) -> tuple[int, int]:
    """A pixel of an object in three of four cases (every object alike would need a search), else any."""
    height, width = labels.shape
    y = x = 0
    for _ in range(12 if rng.random() < 0.75 else 1):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        if labels[y, x]:
            break
    return y, x


def _other_look(
    rng: Rng,
    pixels: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint16],
    inside: npt.NDArray[np.bool_],
    varied: Varied,
) -> npt.NDArray[np.uint8]:
    x = pixels.astype(np.float32)
    if rng.random() < (
        varied.invert_bright if _objects_are_bright(x, labels, inside) else varied.invert_dark
    ):
        x = 255 - x
    if varied.look:
        x = _colours(rng, x, varied.look)
        x = _grey_values(rng, x, varied.look)
        x = _blur_and_noise(rng, x, varied.look)
    return np.asarray(np.clip(x + 0.5, 0, 255), np.uint8)


def _objects_are_bright(x: Floats, labels: npt.NDArray[np.uint16], inside: npt.NDArray[np.bool_]) -> bool:
    green = x[..., 1]
    objects, ground = labels > 0, (labels == 0) & inside
    if not objects.any() or not ground.any():
        return False
    return bool(green[objects].mean() > green[ground].mean())


def _colours(rng: Rng, x: Floats, amount: float) -> Floats:
    coloured = bool(np.ptp(x[::16, ::16], axis=2).max() > 8)
    if coloured and rng.random() < 0.2 * amount:
        grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
        return np.repeat(grey[..., None], 3, axis=2)
    if coloured and rng.random() < 0.2 * amount:
        x = x[..., rng.permutation(3)]
    if rng.random() < (0.5 if coloured else 0.1) * amount:
        x = x * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    return x


def _grey_values(rng: Rng, x: Floats, amount: float) -> Floats:
    if rng.random() < 0.5 * amount:
        power = np.float32(np.exp(rng.uniform(-0.5, 0.5)))
        x = np.asarray(255 * (np.clip(x, 0, 255) / 255) ** power, np.float32)
    if rng.random() < 0.6 * amount:
        middle = np.float32(x.mean())
        x = (
            (x - middle) * np.float32(np.exp(rng.uniform(-0.5, 0.35)))
            + middle
            + np.float32(rng.uniform(-30, 30))
        )
    if rng.random() < 0.2 * amount:  # light from one side
        ramp = np.linspace(-1, 1, len(x), dtype=np.float32)
        shade = ramp[:, None] * np.float32(rng.normal(0, 18)) + ramp[None, :] * np.float32(rng.normal(0, 18))
        x = x + shade[..., None]
    return x


def _blur_and_noise(rng: Rng, x: Floats, amount: float) -> Floats:
    if rng.random() < 0.25 * amount:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.35 * amount:
        grain = rng.standard_normal(x.shape[:2], np.float32)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.6, 1.3)) * 2
        x = x + np.float32(rng.uniform(2, 22)) * grain[..., None]
    return np.asarray(x, np.float32)
