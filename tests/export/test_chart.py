"""Charts open again in every format, are the same twice, and survive odd titles."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest

from samhq.errors import ExportError
from samhq.export.chart import CHART_SUFFIXES, save_chart
from samhq.measure import Distribution, measure_distribution


@pytest.fixture(scope="module")
def distribution() -> Distribution:
    rng = np.random.default_rng(0)
    gray = np.concatenate([rng.normal(60, 10, 5000), rng.normal(180, 12, 9000)]).clip(0, 255).round()
    return measure_distribution(gray.astype(np.uint16) * 257)


def chart(distribution, path, **values):
    return save_chart(distribution, path, **{"title": "cells.tif", "polarity": "dark", **values})


def test_png_opens_and_shows_red_peaks_and_orange_troughs(distribution, tmp_path):
    picture = cv2.imdecode(np.fromfile(chart(distribution, tmp_path / "c.PNG"), np.uint8), cv2.IMREAD_COLOR)
    colors = {tuple(c) for c in picture[..., ::-1].reshape(-1, 3).tolist()}
    assert (0xD6, 0x27, 0x28) in colors
    assert (0xFF, 0x8C, 0x00) in colors


def test_svg_is_xml_and_pdf_is_whole(distribution, tmp_path):
    assert ET.parse(chart(distribution, tmp_path / "c.svg")).getroot().tag.endswith("svg")
    data = chart(distribution, tmp_path / "c.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert data.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_chart_has_the_same_bytes(distribution, tmp_path, suffix):
    one = chart(distribution, tmp_path / f"1.{suffix}").read_bytes()
    assert chart(distribution, tmp_path / f"2.{suffix}").read_bytes() == one


@pytest.mark.parametrize("title", ["Präparat µ.tif", "测试图像.tif", "$x_1$ _^{}\\.png", "🔬.png", ""])
def test_any_title_is_drawn_without_a_warning(distribution, tmp_path, title):
    assert (
        chart(distribution, tmp_path / "c.png", title=title, log=True, polarity="bright").stat().st_size
        > 1000
    )


def test_an_even_image_has_a_chart(tmp_path):
    chart(measure_distribution(np.zeros((3, 3), np.uint16)), tmp_path / "c.png")
    chart(measure_distribution(np.full((1, 1), 65535, np.uint16), bins=2, smoothing=0), tmp_path / "d.png")


def test_many_peaks_are_cut_to_the_most_prominent(tmp_path):
    comb = np.repeat(np.arange(0, 256, 8, dtype=np.uint16), np.arange(32) * 10 + 50) * 257
    found = measure_distribution(comb, smoothing=1)
    assert len(found.peaks) > 20
    chart(found, tmp_path / "c.svg")


def test_another_ending_is_refused_with_those_that_work(distribution, tmp_path):
    with pytest.raises(ExportError, match=r"\.png, \.pdf, \.svg"):
        chart(distribution, tmp_path / "c.jpg")


def opens(path: Path) -> bool:
    data = path.read_bytes()
    if path.suffix.lower() == ".png":
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    if path.suffix.lower() == ".pdf":
        return data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    return ET.fromstring(data).tag.endswith("svg")


def rgb(path: Path) -> np.ndarray:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def blobs(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    """How many dots of a colour lie within the axes; letters and numbers are smaller."""
    exact = (picture[:, : int(picture.shape[1] * 0.75)] == color).all(axis=2).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(exact)
    return sum(1 for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 60)


def words(path: Path) -> str:
    """The texts of an SVG, which matplotlib notes beside their outlines."""
    return path.read_text(encoding="utf-8")


def spiky(heights: list[float]) -> Distribution:
    """A distribution with one peak of each height between bins of 10 pixels."""
    counts = np.full(2 * len(heights) + 1, 10)
    counts[1::2] = heights
    levels = np.rint(np.linspace(65535, 0, len(counts))).astype(np.uint16)
    return measure_distribution(np.repeat(levels, counts), bins=len(counts), smoothing=0)


def test_every_peak_and_trough_has_a_dot(distribution, tmp_path):
    assert len(distribution.peaks) == 2
    assert len(distribution.troughs) == 1
    picture = rgb(save_chart(distribution, tmp_path / "c.png", title="t", polarity="dark"))
    assert blobs(picture, (214, 39, 40)) == 2 + 1  # one in the legend
    assert blobs(picture, (255, 140, 0)) == 1 + 1


def test_the_histogram_is_filled(tmp_path):
    even = measure_distribution(np.arange(65536).astype(np.uint16), smoothing=0)
    picture = rgb(save_chart(even, tmp_path / "c.png", title="t", polarity="dark"))
    assert (picture == (0xB9, 0xC6, 0xD6)).all(axis=2).mean() > 0.3


@pytest.mark.parametrize(
    ("polarity", "ground"), [("dark", "0 = white, 100 = black"), ("bright", "0 = black, 100 = white")]
)
def test_the_axis_says_what_black_and_white_are(distribution, tmp_path, polarity, ground):
    text = words(save_chart(distribution, tmp_path / "c.svg", title="t", polarity=polarity))
    assert f"Aggregation ({ground})" in text


def test_the_statistics_stand_on_the_chart(distribution, tmp_path):
    text = words(save_chart(distribution, tmp_path / "c.svg", title="t", polarity="dark"))
    for part in ("14 000 pixels", f"mean {distribution.mean:.2f}", f"max {distribution.maximum:.2f}"):
        assert part in text


def test_a_logarithmic_chart_differs_and_says_so(distribution, tmp_path):
    linear, log = (
        save_chart(distribution, tmp_path / f"{log}.svg", title="t", polarity="dark", log=log)
        for log in (False, True)
    )
    assert "Pixels (logarithmic)" in words(log)
    assert "Pixels (logarithmic)" not in words(linear)
    # Ticks at powers of ten.
    assert "10^{2}" in words(log)
    assert "10^{2}" not in words(linear)


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
    "title", ["$\\nonsense$ x--y <&>\"' -", "tab\t line\n bell\x07 \udc80 样品 \U0010fffd", "w" * 1000]
)
def test_titles_that_could_break_a_format_do_not(distribution, tmp_path, suffix, title):
    # Warnings are errors here, those of missing glyphs too.
    assert opens(save_chart(distribution, tmp_path / f"c{suffix}", title=title, polarity="dark"))


def test_a_long_title_keeps_its_end(distribution, tmp_path):
    text = words(save_chart(distribution, tmp_path / "c.svg", title="x" * 500 + "_7.tif", polarity="dark"))
    assert "x_7.tif" in text
    assert "x" * 100 not in text


def test_characters_without_a_glyph_are_visible(distribution, tmp_path):
    path = save_chart(distribution, tmp_path / "c.svg", title="a\U0010fffdb", polarity="dark")
    assert "a□b" in words(path)


@pytest.mark.parametrize(("bins", "log"), [(2, False), (256, True), (65536, True)])
def test_an_image_of_one_gray_level_has_a_chart(tmp_path, bins, log):
    distribution = measure_distribution(np.full((3, 3), 257, np.uint16), bins=bins)
    assert opens(save_chart(distribution, tmp_path / "c.png", title="t", polarity="bright", log=log))
