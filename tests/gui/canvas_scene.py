"""An image canvas on the screen, and hands that move over it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest

from samhq.gui.canvas import ImageCanvas
from samhq.masks import MaskTable
from samhq.outlines import outlines

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
HEIGHT, WIDTH = 300, 400


def shown_canvas(qtbot):
    """A canvas of 1000 x 700 pixels with an image that fits its height."""
    made = ImageCanvas()
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    ramp = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None], (HEIGHT, WIDTH, 3))
    made.set_image(np.ascontiguousarray(ramp))
    made.setFocus()
    return made


def with_masks(canvas):
    """A large mask, a smaller one within it, and one apart."""
    parts = []
    for x0, y0, x1, y1 in ((50, 50, 200, 200), (100, 100, 150, 150), (300, 100, 340, 140)):
        labels = np.zeros((HEIGHT, WIDTH), np.int32)
        labels[y0:y1, x0:x1] = 1
        parts.append(MaskTable.from_labels(labels))
    masks = MaskTable.concatenate(parts)
    canvas.set_masks(masks, outlines(masks))
    return masks


def at(canvas, x, y):
    """The point of the viewport in the middle of a pixel of the image."""
    return canvas.mapFromScene(QPointF(x + 0.5, y + 0.5))


def click(canvas, x, y, button=LEFT, modifiers=NONE):
    QTest.mouseClick(canvas.viewport(), button, modifiers, at(canvas, x, y))


def drag(canvas, *places, button=LEFT, modifiers=NONE, release=True):
    points = [at(canvas, *place) for place in places]
    QTest.mousePress(canvas.viewport(), button, modifiers, points[0])
    for first, last in pairwise(points):
        for part in (0.5, 1.0):
            QTest.mouseMove(canvas.viewport(), first + (last - first) * part)
    if release:
        QTest.mouseRelease(canvas.viewport(), button, modifiers, points[-1])


def collected(signal):
    got = []
    signal.connect(lambda *values: got.append(values))
    return got


def color(canvas, x, y):
    """Red, green, blue on the screen in the middle of a pixel of the image."""
    found = canvas.grab().toImage().pixelColor(at(canvas, x, y))
    return found.red(), found.green(), found.blue()
