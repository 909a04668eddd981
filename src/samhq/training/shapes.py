"""Outlines of made-up objects, as polygons around the origin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["outline", "outline_kinds"]

Points = npt.NDArray[np.float64]
_KINDS = ("ellipse", "polygon", "blob", "rod", "crystal", "circle")


def outline_kinds(rng: np.random.Generator, scene: str) -> tuple[str, ...]:
    """The kinds of objects that lie together in one picture: usually one or two."""
    if scene == "phase":
        return ("blob", "ellipse", "rod")[: 1 + int(rng.integers(3))]
    count = int(rng.choice((1, 2, 6), p=(0.5, 0.3, 0.2)))
    return tuple(rng.choice(_KINDS, count, replace=False))


def outline(rng: np.random.Generator, *, kind: str, size: float) -> Points:
    """A closed outline (n, 2) x, y in pixels of about this diameter, turned at random."""
    makers = {
        "circle": lambda: _ellipse(size, size * rng.uniform(0.93, 1.0)),
        "ellipse": lambda: _ellipse(size * 1.15, size * rng.uniform(0.45, 0.95)),
        "blob": lambda: _blob(rng, size),
        "polygon": lambda: _polygon(rng, size, int(rng.integers(3, 7)), even=True),
        "crystal": lambda: _polygon(rng, size, int(rng.integers(4, 9)), even=False),
        "rod": lambda: _band(rng, length=size * 1.5, width=size * rng.uniform(0.22, 0.5), bend=0.15),
        "fibre": lambda: _band(
            rng, length=size * 2.4, width=max(4.0, size * rng.uniform(0.06, 0.2)), bend=1.2
        ),
    }
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned: Points = makers[kind]() @ turn
    return turned


def _ellipse(long: float, short: float) -> Points:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([np.cos(t) * long / 2, np.sin(t) * short / 2], axis=1)


def _blob(rng: np.random.Generator, size: float) -> Points:
    """A circle whose radius varies in a few smooth waves."""
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(t)
    for waves in range(2, 7):
        radius += rng.normal(0, 0.28 / waves) * np.cos(waves * t + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.35, None) * size / 2
    return np.stack([np.cos(t) * radius, np.sin(t) * radius * rng.uniform(0.6, 1.0)], axis=1)


def _polygon(rng: np.random.Generator, size: float, corners: int, *, even: bool) -> Points:
    """A convex polygon, its corners on an ellipse; even: at about the same distances."""
    step = 2 * np.pi / corners
    if even:
        t = np.arange(corners) * step + rng.normal(0, 0.08, corners)
    else:
        t = np.sort(rng.uniform(0, 2 * np.pi, corners))
        if np.diff(t, append=t[0] + 2 * np.pi).max() > 2.4:  # else it would be a splinter
            t = np.arange(corners) * step + rng.normal(0, 0.2, corners)
    squash = rng.uniform(0.65, 1.0)
    return np.stack([np.cos(t) * size / 1.8, np.sin(t) * size / 1.8 * squash], axis=1)


def _band(rng: np.random.Generator, *, length: float, width: float, bend: float) -> Points:
    """A straight or winding band with round ends."""
    n = 24
    angle = np.cumsum(rng.normal(0, bend / 4, n)) + np.linspace(0, rng.normal(0, bend), n)
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / n
    middle = np.cumsum(steps, axis=0)
    middle -= middle.mean(axis=0)
    normal = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * width / 2
    t = np.linspace(-np.pi / 2, np.pi / 2, 8)[1:-1]
    ends = []
    for place, heading in ((middle[-1], angle[-1]), (middle[0], angle[0] + np.pi)):
        around = heading + t
        ends.append(place + np.stack([np.cos(around), np.sin(around)], axis=1) * width / 2)
    return np.concatenate([middle - normal, ends[0], (middle + normal)[::-1], ends[1]])
