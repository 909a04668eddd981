"""The chart of aggregation."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest

from samhq.errors import ExportError
from samhq.export.chart import CHART_SUFFIXES, save_chart
from samhq.measure import Distribution, measure_distribution


@pytest.fixture(scope="module")
def two_peaks() -> Distribution:
    random = np.random.default_rng(0)
    dark, bright = random.normal(15000, 2500, 30_000), random.normal(48000, 4000, 50_000)
    return measure_distribution(np.clip(np.concatenate([dark, bright]), 0, 65535).astype(np.uint16))


def opens(path: Path) -> bool:
    data = path.read_bytes()
    if path.suffix.lower() == ".png":
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    if path.suffix.lower() == ".pdf":
        return data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    return ElementTree.fromstring(data).tag.endswith("svg")


def rgb(path: Path) -> np.ndarray:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def blobs(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    """How many dots of a colour lie within the axes; letters and numbers are smaller."""
    exact = (picture[:, : int(picture.shape[1] * 0.75)] == color).all(axis=2).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(exact)
    return sum(1 for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 60)


@pytest.mark.parametrize("suffix", [*CHART_SUFFIXES, ".PNG"])
def test_charts_open_again_and_are_the_same_bytes_twice(two_peaks, tmp_path, suffix):
    first, second = (
        save_chart(two_peaks, tmp_path / name / f"c{suffix}", title="a_b.png", polarity="dark")
        for name in ("1", "2")
    )
    assert opens(first)
    assert first.read_bytes() == second.read_bytes()
    assert [p.name for p in first.parent.iterdir()] == [f"c{suffix}"]


def test_peaks_and_troughs_are_dots(two_peaks, tmp_path):
    assert len(two_peaks.peaks) == 2
    assert len(two_peaks.troughs) == 1
    picture = rgb(save_chart(two_peaks, tmp_path / "c.png", title="t", polarity="dark"))
    assert blobs(picture, (214, 39, 40)) == 2 + 1  # one in the legend
    assert blobs(picture, (255, 140, 0)) == 1 + 1


def words(path: Path) -> str:
    """The texts of an SVG, which matplotlib notes beside their outlines."""
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("polarity", "ground"), [("dark", "0 = white, 100 = black"), ("bright", "0 = black, 100 = white")]
)
def test_the_axis_says_what_black_and_white_are(two_peaks, tmp_path, polarity, ground):
    text = words(save_chart(two_peaks, tmp_path / "c.svg", title="t", polarity=polarity))
    assert f"Aggregation ({ground})" in text


def test_the_statistics_stand_on_the_chart(two_peaks, tmp_path):
    text = words(save_chart(two_peaks, tmp_path / "c.svg", title="t", polarity="dark"))
    for part in ("80 000 pixels", f"mean {two_peaks.mean:.2f}", f"max {two_peaks.maximum:.2f}"):
        assert part in text


def test_a_logarithmic_chart_differs_and_says_so(two_peaks, tmp_path):
    linear, log = (
        save_chart(two_peaks, tmp_path / f"{log}.svg", title="t", polarity="dark", log=log)
        for log in (False, True)
    )
    assert "Pixels (logarithmic)" in words(log)
    assert "Pixels (logarithmic)" not in words(linear)


def spiky(heights: list[float]) -> Distribution:
    """A distribution with one peak of each height between bins of 10 pixels."""
    counts = np.full(2 * len(heights) + 1, 10)
    counts[1::2] = heights
    levels = np.rint(np.linspace(65535, 0, len(counts))).astype(np.uint16)
    return measure_distribution(np.repeat(levels, counts), bins=len(counts), smoothing=0)


def test_the_table_keeps_the_most_prominent_peaks_in_their_order(tmp_path):
    heights = [20 + 10 * ((7 * i) % 20) for i in range(20)]
    distribution = spiky(heights)
    assert len(distribution.peaks) == 20
    text = words(save_chart(distribution, tmp_path / "c.svg", title="t", polarity="dark"))
    highest = sorted(int(i) + 1 for i in np.argsort(heights)[-7:])
    listed = [number for number in range(1, 21) if f"<!-- peak {number} -->" in text]
    assert listed == highest
    positions = [text.index(f"<!-- peak {number} -->") for number in listed]
    assert positions == sorted(positions)
    left_out = len(distribution.peaks) + len(distribution.troughs) - 14
    assert f"and {left_out} less prominent" in text


def test_prominence_counts_rather_than_height(tmp_path):
    # Ripples on a high plateau, each a little lower, and one low peak that stands out more than they do.
    ripples = [height for i in range(9) for height in (1000, 1040 - i)]
    counts = np.array([0, 300, 0, *ripples, 1000, 0])
    levels = np.rint(np.linspace(65535, 0, len(counts))).astype(np.uint16)
    distribution = measure_distribution(np.repeat(levels, counts), bins=len(counts), smoothing=0)
    assert len(distribution.peaks) == 10
    text = words(save_chart(distribution, tmp_path / "c.svg", title="t", polarity="dark"))
    assert "<!-- peak 1 -->" in text


@pytest.mark.parametrize("suffix", CHART_SUFFIXES)
@pytest.mark.parametrize(
    "title",
    [
        "Präparat 样品 サンプル 😀 \U0010fffd.png",
        "a$b$_{x}^2 \\frac",
        "x--y <&>\"' -",
        "tab\t line\n bell\x07 \udc80",
        "",
        "w" * 1000,
    ],
)
def test_any_title_can_be_drawn(two_peaks, tmp_path, suffix, title):
    # Warnings are errors here, those of missing glyphs too.
    assert opens(save_chart(two_peaks, tmp_path / f"c{suffix}", title=title, polarity="dark"))


def test_characters_without_a_glyph_are_visible(two_peaks, tmp_path):
    path = save_chart(two_peaks, tmp_path / "c.svg", title="a\U0010fffdb", polarity="dark")
    assert "a□b" in words(path)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("bins", [2, 256, 65536])
def test_an_image_of_one_gray_level_has_a_chart(tmp_path, bins, log):
    distribution = measure_distribution(np.full((3, 3), 257, np.uint16), bins=bins)
    assert opens(save_chart(distribution, tmp_path / "c.png", title="t", polarity="bright", log=log))


def test_another_ending_is_refused_with_the_allowed_ones(two_peaks, tmp_path):
    with pytest.raises(ExportError, match=r"c\.jpg.*\.png, \.pdf, \.svg"):
        save_chart(two_peaks, tmp_path / "c.jpg", title="t", polarity="dark")
    assert not list(tmp_path.iterdir())
