"""Images and masks for the tests of the mask tab, made without the network but measured by the engine."""

from __future__ import annotations

import numpy as np
from PIL import Image as Picture

from samhq import api
from samhq.gui.mask_state import Binding, MaskState
from samhq.masks import MaskTable, runs_from_crop


def grid_scene(*, per_side, cell=10, size=6):
    """Gray levels and masks of a grid of squares, the darker the further along. Returns (rgb, table)."""
    side = per_side * cell
    gray = np.full((side, side), 230, np.uint8)
    runs = []
    for number in range(per_side**2):
        y, x = (v * cell + 2 for v in divmod(number, per_side))
        gray[y : y + size, x : x + size] = 200 - number * 180 // per_side**2
        square = np.ones((size, size), bool)
        runs.append(runs_from_crop(square, x0=x, y0=y, height=side, width=side))
    iou = np.linspace(0.9, 0.99, len(runs))
    return np.dstack([gray] * 3), MaskTable.from_runs(runs, height=side, width=side, predicted_iou=iou)


def nested_scene():
    """Three squares, one in the other, dark in the middle, and a fourth by itself."""
    gray = np.full((60, 80), 220, np.uint8)
    boxes = ((5, 5, 45, 45), (10, 10, 35, 35), (15, 15, 25, 25), (55, 20, 70, 40))
    runs = []
    for value, (x0, y0, x1, y1) in zip((150, 100, 40, 120), boxes, strict=True):
        gray[y0:y1, x0:x1] = value
        runs.append(runs_from_crop(np.ones((y1 - y0, x1 - x0), bool), x0=x0, y0=y0, height=60, width=80))
    return np.dstack([gray] * 3), MaskTable.from_runs(runs, height=60, width=80)


def open_scene(qtbot, session, path, rgb):
    """Write a picture and open it in the session."""
    Picture.fromarray(rgb).save(path)
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        session.open_image(path)


def put_masks(session, table):
    """Put masks in force as if they had been found in the open image."""
    document = session.masks
    image = session.image
    found = api.measured(image.image, table, session.settings, path=image.path)
    objects = document.new_objects(table, api.outlines(table), found.measurements)
    none = np.zeros(len(objects), bool)
    binding = Binding(image.path, session.settings)
    document.change(MaskState(objects, none, none, binding=binding), "Masks", first=True)
    return document
