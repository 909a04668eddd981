"""Micrographs that were never taken, with the outline of every object known.

A picture is a pure function of a seed. Scenes: separate particles on a ground (most of them dark on light),
packed stones, phase contrast, fibres and rods across each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samhq.training.data import LabelledPicture
from samhq.training.shapes import outline, outline_kinds

__all__ = ["synthetic_picture"]

Floats = npt.NDArray[np.float32]
Rng = np.random.Generator
_SCENES = ("particles", "stones", "phase", "fibres", "large")
_SHARES = (0.46, 0.2, 0.12, 0.08, 0.14)


@dataclass(frozen=True, slots=True)
class _Look:
    """How the objects of one picture look: grey values from 0 to 1, amounts of each effect."""

    ground: float
    body: float
    spread: float
    texture: float
    grain: float
    rim: float
    shading: float
    see_through: float


def synthetic_picture(seed: int, *, side: int = 448) -> LabelledPicture:
    """One picture of side x side pixels; the same seed always gives the same picture."""
    rng = np.random.default_rng([seed, 20_260_101])
    scene = str(rng.choice(_SCENES, p=_SHARES))
    look = _look(rng, scene)
    canvas = _ground(rng, side=side, look=look)
    drawn = np.zeros((side, side), np.int32)
    if scene == "stones":
        _stones(rng, canvas, drawn, look)
    else:
        _scatter(rng, canvas, drawn, look=look, scene=scene)
    labels = _tidied(drawn)
    grey = _taken(rng, canvas)
    pixels = _coloured(rng, grey, labels) if rng.random() < 0.25 else grey
    return LabelledPicture("synthetic", f"synthetic-{scene}", pixels, labels)


def _look(rng: Rng, scene: str) -> _Look:
    dark_on_light = rng.random() < 0.68
    ground = rng.uniform(0.5, 0.92) if dark_on_light else rng.uniform(0.04, 0.4)
    contrast = rng.uniform(0.08, 0.6) if rng.random() < 0.7 else rng.uniform(0.05, 0.15)
    if scene == "phase":
        contrast = rng.uniform(0.0, 0.12)
    if scene == "stones":
        contrast = rng.uniform(0.2, 0.6)
        ground, dark_on_light = (rng.uniform(0.02, 0.3), False) if rng.random() < 0.8 else (0.85, True)
    body = ground - contrast if dark_on_light else ground + contrast
    return _Look(
        ground=ground,
        body=float(np.clip(body, 0.03, 0.97)),
        spread=rng.uniform(0, 0.12),
        texture=rng.uniform(0, 0.22)
        if scene in ("stones", "large")
        else rng.uniform(0, 0.12) * (rng.random() < 0.6),
        grain=rng.uniform(1.5, 10),
        rim=rng.uniform(0.12, 0.45) if scene == "phase" else rng.uniform(-0.3, 0.3) * (rng.random() < 0.3),
        shading=rng.uniform(0, 0.25) * (rng.random() < 0.5),
        see_through=float(rng.random() < 0.3) * rng.uniform(0.2, 0.7),
    )


def _ground(rng: Rng, *, side: int, look: _Look) -> Floats:
    """An uneven, more or less structured background."""
    canvas = np.full((side, side), look.ground, np.float32)
    if rng.random() < 0.5:
        y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        canvas += np.float32(rng.uniform(0, 0.25)) * (
            x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
        )
    if rng.random() < 0.6:
        canvas += np.float32(rng.uniform(0, 0.08)) * _waves(rng, side, side, rng.uniform(30, 150))
    if rng.random() < 0.5:
        canvas += np.float32(rng.uniform(0, 0.09)) * _waves(rng, side, side, rng.uniform(1.2, 8))
    return canvas


def _waves(rng: Rng, height: int, width: int, scale: float) -> Floats:
    """Smooth random values around 0 of about unit size, with structures of about this many pixels."""
    shape = (max(2, int(height / scale) + 2), max(2, int(width / scale) + 2))
    coarse = rng.standard_normal(shape).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _scatter(rng: Rng, canvas: Floats, labels: npt.NDArray[np.int32], *, look: _Look, scene: str) -> None:
    side = len(canvas)
    sizes = _sizes(rng, side, scene)
    kinds = ("fibre", "rod") if scene == "fibres" else outline_kinds(rng, scene)
    clustered = rng.random() < 0.45
    centre = rng.uniform(0, side, 2)
    for number, size in enumerate(sizes, start=1):
        if clustered and rng.random() < 0.7:
            place = centre + rng.normal(0, 1, 2) * size * 0.75
            if not (place > 0).all() or not (place < side).all():
                place = rng.uniform(0, side, 2)
        else:
            place = rng.uniform(0, side, 2)
        centre = place
        points = outline(rng, kind=str(rng.choice(kinds)), size=float(size)) + place
        _put(rng, canvas, labels, points=points, number=number, look=look, overlap=_overlap(rng, scene))


def _overlap(rng: Rng, scene: str) -> float:
    """How much of an object may lie over others before it is left out."""
    if scene == "fibres":
        return 1.0
    return float(rng.choice((0.02, 0.15, 0.6)))


def _sizes(rng: Rng, side: int, scene: str) -> npt.NDArray[np.float64]:
    """Diameters in pixels, largest first."""
    if scene == "large":
        typical, low, high = rng.uniform(0.2, 0.6) * side, 0.08 * side, 0.62 * side
    elif scene == "fibres":
        typical, low, high = rng.uniform(0.08, 0.45) * side, 20, 0.8 * side
    else:
        typical, low, high = np.exp(rng.uniform(np.log(8), np.log(0.28 * side))), 6, 0.4 * side
    cover = rng.uniform(0.05, 0.75)
    count = int(np.clip(cover * side**2 / (0.75 * typical**2), 2, 260))
    spread = rng.choice((0.08, 0.25, 0.6))
    sizes = np.clip(typical * np.exp(rng.normal(0, spread, count)), low, high)
    return np.sort(sizes)[::-1]


def _put(
    rng: Rng,
    canvas: Floats,
    labels: npt.NDArray[np.int32],
    *,
    points: npt.NDArray[np.float64],
    number: int,
    look: _Look,
    overlap: float,
) -> None:
    """Draw one object and write its number, unless it would cover too much of others."""
    side = len(canvas)
    margin = 6
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - margin, 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + margin, side)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    # Drawn four times finer, so that the edge has the right share of grey.
    fine = np.zeros(((y1 - y0) * 4, (x1 - x0) * 4), np.uint8)
    moved = np.round((points - (x0, y0)) * 4).astype(np.int32)
    cv2.fillPoly(fine, [moved], 255)
    cover = (
        cv2.resize(fine, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    )
    inside = cover > 0.5
    under = labels[y0:y1, x0:x1]
    if inside.sum() < 16 or (under[inside] > 0).mean() > overlap:
        return
    _paint(rng, canvas[y0:y1, x0:x1], cover, look)
    under[inside] = number


def _paint(rng: Rng, patch: Floats, cover: Floats, look: _Look) -> None:
    """Change a patch of the picture where an object covers it."""
    inside = (cover > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    reach = max(float(depth.max()), 1.0)
    height, width = cover.shape[:2]
    body = np.full(patch.shape, look.body + rng.normal(0, 1) * look.spread, np.float32)
    if look.shading:
        vault = np.sqrt(np.clip(depth / reach, 0, 1)) - 0.6
        body += np.float32(look.shading if look.body > 0.5 else -look.shading) * vault
        y, x = np.mgrid[:height, :width].astype(np.float32)
        body += np.float32(look.shading * rng.uniform(-0.5, 0.5)) * (x / width - 0.5 + y / height - 0.5)
    if look.texture:
        body += np.float32(look.texture) * _waves(rng, height, width, look.grain)
        if rng.random() < 0.5:
            body += np.float32(look.texture * 0.7) * _waves(rng, height, width, look.grain * 5)
    if look.rim:
        wide = max(1.0, min(4.0, 0.12 * reach + 1))
        outside = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
        halo = np.exp(-(((outside - 1) / wide) ** 2)) * (outside > 0)
        patch += np.float32(look.rim) * halo.astype(np.float32)
        body -= np.float32(look.rim * 0.35) * np.exp(-(depth / wide)).astype(np.float32)
    # What one can see through also darkens (or brightens) what lies below it.
    new = body + np.float32(look.see_through) * (patch - look.ground)
    patch += cover * (new - patch)


def _stones(rng: Rng, canvas: Floats, labels: npt.NDArray[np.int32], look: _Look) -> None:
    """Objects that fill the picture and touch: cells of random sites, with or without gaps."""
    side = len(canvas)
    size = np.exp(rng.uniform(np.log(16), np.log(0.4 * side)))
    count = int(np.clip((side / size) ** 2, 4, 400))
    sites = rng.uniform(-0.1 * side, 1.1 * side, (int(count * 1.44) + 3, 2))
    small = max(64, side // 2)
    y, x = np.mgrid[:small, :small].astype(np.float32) * (side / small)
    wobble = rng.uniform(0, 0.16) * size
    scale = max(2.0, 0.4 * size * small / side)
    x = x + np.float32(wobble) * _waves(rng, small, small, scale)
    y = y + np.float32(wobble) * _waves(rng, small, small, scale)
    from scipy.spatial import cKDTree

    stretch = rng.uniform(0.6, 1.0)
    where = np.stack([x.ravel(), y.ravel() * stretch], 1)
    distance, nearest = (np.asarray(v) for v in cKDTree(sites * (1, stretch)).query(where, k=2))
    gap = rng.uniform(0.02, 0.22) * size
    owner = np.where(distance[:, 1] - distance[:, 0] > gap, nearest[:, 0] + 1, 0).reshape(small, small)
    missing = rng.random(len(sites) + 1) < rng.choice((0.0, 0.15, 0.4))
    owner[missing[owner]] = 0
    for number in np.unique(owner)[1:]:
        mask = (owner == number).astype(np.uint8)
        found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        contour = max(found, key=len)[:, 0].astype(np.float64)
        if len(contour) < 8:
            continue
        smooth = _smoothed(contour, 2 + len(contour) // 20) * (side / small) + side / small / 2
        _put(rng, canvas, labels, points=smooth, number=int(number), look=look, overlap=0.5)


def _smoothed(points: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """A closed line, averaged along itself."""
    kernel = np.ones(width) / width
    longer = np.concatenate([points[-width:], points, points[:width]])
    smooth = np.stack([np.convolve(longer[:, i], kernel, mode="same") for i in (0, 1)], axis=1)
    return smooth[width:-width]


def _taken(rng: Rng, canvas: Floats) -> npt.NDArray[np.uint8]:
    """What a camera makes of the scene: blur, noise of the light, noise of the detector."""
    blur = rng.uniform(0.3, 1.8) if rng.random() < 0.75 else 0.0
    picture = cv2.GaussianBlur(canvas, (0, 0), blur) if blur > 0.3 else canvas
    picture = np.clip(picture, 0, 1)
    if rng.random() < 0.5:
        light = float(np.exp(rng.uniform(np.log(30), np.log(2000))))
        picture = picture + np.sqrt(picture / light) * rng.standard_normal(picture.shape, np.float32)
    if rng.random() < 0.6:
        noise = rng.standard_normal(picture.shape, np.float32)
        if rng.random() < 0.4:  # noise with a grain of more than one pixel
            noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 1.4)) * 2
        picture = picture + np.float32(rng.uniform(0.005, 0.13)) * noise
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def _coloured(rng: Rng, grey: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """A stained picture: one colour for the ground, another for objects, strength as the grey value says."""
    tint = rng.uniform(0.55, 1.0, (2, 3)).astype(np.float32)
    soft = cv2.GaussianBlur((labels > 0).astype(np.float32), (0, 0), 1.0)[..., None]
    colour = tint[0] + (tint[1] - tint[0]) * soft
    return np.asarray(np.clip(grey[..., None] * colour, 0, 255), np.uint8)


def _tidied(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.uint16]:
    """Objects whose visible part is one piece of at least 16 pixels, numbered anew; the rest stays as it is drawn.

    Of an object that others cut into pieces the largest piece keeps the number.
    """
    from scipy import ndimage

    tidy = np.zeros(labels.shape, np.uint16)
    number = 0
    for value, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        pieces, count = ndimage.label(labels[box] == value)
        areas = np.bincount(pieces.ravel())[1:]
        if not count or areas.max() < 16:
            continue
        number += 1
        tidy[box][pieces == 1 + int(areas.argmax())] = number
    return tidy
