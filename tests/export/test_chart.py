"""Charts open again in every format, are the same twice, and survive odd titles."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from samhq.errors import ExportError
from samhq.export.chart import save_chart
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
