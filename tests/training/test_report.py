"""The report of a training run: what stands in it, and that it needs nothing but itself."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from training_samples import small_starter, write_set

from samhq import api
from samhq.monitor import Cancelled, SilentMonitor
from samhq.network.checkpoint import sha256_of
from samhq.training.curves import curves_svg, panels
from samhq.training.places import checkpoint_path
from samhq.training_settings import TrainingSettings

SETTINGS = TrainingSettings(steps=4, crops=2, judge_every=2, precision="fp32", device="cpu")
HISTORY = [
    {"step": 0, "elapsed_s": 0.0, "started": "2026-01-01T00:00:00+00:00"},
    {"step": 0, "elapsed_s": 0.0, "judged": {"iou": 0.4, "ap50": 0.1, "ap": 0.05}},
    {"step": 5, "elapsed_s": 60.0, "loss": 2.0, "iou": 0.5},
    {"step": 6, "elapsed_s": 70.0, "started": "2026-01-01T00:05:00+00:00"},
    {"step": 10, "elapsed_s": 120.0, "loss": 1.0, "iou": 0.6},
    {"step": 10, "elapsed_s": 120.0, "judged": {"iou": 0.7, "ap50": 0.6, "ap": 0.3}},
]


class Page(HTMLParser):
    """Collects what a page refers to, and its pictures. Unclosed tags end in `open`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.images: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href", "data", "action", "srcset"):
                self.references.append(value or "")
        if tag == "img":
            self.images.append(dict(attrs)["src"])
        if tag not in ("meta", "img", "input", "link", "br", "path", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "circle", "rect"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model taught four pictures for four steps."""
    folder = tmp_path_factory.mktemp("report")
    data = write_set(folder / "my <b>discs", count=4)
    start = small_starter(folder)
    rows = []
    result = api.train_model(
        [data], start=start, out=folder / "taught.safetensors", settings=SETTINGS, on_row=rows.append
    )
    return start, result, rows


def test_the_report_stands_alone(trained):
    text = trained[1].report.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert all(reference.startswith("data:image/") or reference == "" for reference in page.references)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text
    assert "my &lt;b&gt;discs" in text
    assert "<b>discs" not in text


def test_it_shows_each_compared_picture_plain_before_and_after(trained):
    page = Page(trained[1].report.read_text(encoding="utf-8"))
    assert len(page.images) == 3 * trained[1].compared_on == 3
    for uri in page.images:
        data = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
        assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape[2] == 3


def test_it_names_files_settings_times_and_the_ap(trained):
    start, result, _ = trained
    text = result.report.read_text(encoding="utf-8")
    assert sha256_of(start) in text
    assert sha256_of(result.path) in text
    assert f"{result.before['ap50']:.3f}" in text
    assert "Learning rate" in text
    assert "3 pictures, 1 kept apart" in text
    assert "Loss (lower is better)" in text
    assert "AP of the pictures kept apart" in text


def test_rows_are_told_as_they_are_made_and_hold_the_ap(trained):
    _, result, rows = trained
    assert list(result.history) == rows
    judged = [row for row in rows if "judged" in row]
    assert [row["step"] for row in judged] == [0, 2, 4]
    assert {"ap50", "ap", "iou"} <= judged[0]["judged"].keys()  # of those between only where it costs little
    assert {"ap50", "ap", "iou"} <= judged[-1]["judged"].keys()


class StopsWhileComparing(SilentMonitor):
    def __init__(self) -> None:
        self.comparing = False

    def report(self, event):
        self.comparing |= event.stage == "evaluate"

    def check(self):
        if self.comparing:
            raise Cancelled


def test_a_stop_while_the_report_is_made_costs_no_training(tmp_path):
    data, start, out = (
        write_set(tmp_path / "discs", count=4),
        small_starter(tmp_path),
        tmp_path / "m.safetensors",
    )
    with pytest.raises(Cancelled):
        api.train_model([data], start=start, out=out, settings=SETTINGS, monitor=StopsWhileComparing())
    assert checkpoint_path(out).is_file()
    result = api.train_model([data], start=start, out=out, settings=SETTINGS)
    assert result.steps == 4
    assert sum("started" in row for row in result.history) == 2
    assert [row["step"] for row in result.history if "loss" in row] == [1, 2, 3, 4]  # none was made twice
    assert result.report.is_file()
    assert not checkpoint_path(out).exists()


def test_few_pictures_are_compared_though_they_were_learnt_from_and_the_report_says_so(tmp_path):
    data, out = write_set(tmp_path / "discs", count=2), tmp_path / "m.safetensors"
    settings = SETTINGS.model_copy(update={"steps": 1})
    result = api.train_model([data], start=small_starter(tmp_path), out=out, settings=settings)
    assert (result.judged_on, result.compared_on, result.compared_learnt) == (0, 2, True)
    assert "that the model learnt from" in result.report.read_text(encoding="utf-8")


def test_curves_are_drawn_over_steps_and_minutes_with_the_breaks():
    by_steps, by_minutes = panels(HISTORY, "steps"), panels(HISTORY, "minutes")
    assert [p.title.split()[0] for p in by_steps] == ["Loss", "IoU", "AP"]
    assert by_steps[1].series[1].x == [0, 10]
    assert by_minutes[1].series[1].x == [0, 2]
    assert by_minutes[1].series[1].y == [0.4, 0.7]
    assert list(by_steps[0].breaks) == [6]
    svg = curves_svg(HISTORY)
    assert svg.count("gone on after a stop") == 3
    assert "var(" not in svg  # a file of its own knows its colours


def test_a_history_without_numbers_has_no_curves():
    assert panels(HISTORY[:1], "steps") == []
    with pytest.raises(ValueError, match="no numbers"):
        curves_svg(HISTORY[:1])
