"""The analysis follows image, region, polarity and sensitivity, and its numbers are those of the engine."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from samhq import api
from samhq.cli.main import main
from samhq.gui.analysis import AnalysisModel, RegionKind, native_gray
from samhq.gui.session import OpenImage
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.outlines import outlines
from samhq.regions import polygon_mask

MICROGRAPHS = Path(__file__).resolve().parents[2] / "src" / "samhq" / "micrographs"


def opened_image(session, path):
    settings = session.settings.image
    return OpenImage(
        path, api.read_image(path, settings), settings, (path.stat().st_size, path.stat().st_mtime_ns)
    )


def settled(qtbot, model: AnalysisModel) -> AnalysisModel:
    session = model.parent()
    qtbot.waitUntil(lambda: not session.jobs.jobs() and not model.is_busy, timeout=10_000)
    return model


def opened(qtbot, session, path: Path) -> AnalysisModel:
    model = session.analysis
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.open_image(path)
    return settled(qtbot, model)


@pytest.fixture
def model(qtbot, session, micrograph) -> AnalysisModel:
    return opened(qtbot, session, micrograph)


@pytest.fixture
def image(tmp_path) -> Path:
    """A picture of 40 x 30 pixels whose gray value is its column, with one white row on top."""
    gray = np.tile(np.arange(40, dtype=np.uint8), (30, 1))
    gray[0] = 255
    path = tmp_path / "columns.png"
    cv2.imwrite(str(path), gray)
    return path


def stored(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


# ------------------------------------------------------------ numbers


def test_an_opened_image_is_analyzed_without_being_asked(model, micrograph):
    gray = stored(micrograph)
    aggregation = 100 - gray / 255 * 100
    found = model.distribution
    assert found.pixels == gray.size
    assert found.mean == pytest.approx(aggregation.mean(), abs=1e-9)
    assert found.median == pytest.approx(np.median(aggregation), abs=1e-9)
    assert found.sd == pytest.approx(aggregation.std(), abs=1e-9)
    assert (found.minimum, found.maximum) == pytest.approx((aggregation.min(), aggregation.max()))
    assert found.percentiles[5] == pytest.approx(np.percentile(aggregation, 5), abs=1e-9)


@pytest.mark.parametrize("name", ["bright_field/cells.png", "histology/nuclei_3.png"])
@pytest.mark.parametrize(("smoothing", "prominence"), [(2.0, 0.01), (0.0, 0.05), (6.0, 0.001)])
def test_peaks_are_those_of_scipy_on_the_smoothed_histogram(
    qtbot, session, tmp_path, name, smoothing, prominence
):
    path = Path(shutil.copy(MICROGRAPHS / name, tmp_path))
    model = opened(qtbot, session, path)
    session.set_values("analysis", smoothing=smoothing, prominence=prominence)
    settled(qtbot, model)
    found, level = model.distribution, session.image.image.level
    counts = np.bincount(255 - level.ravel() // 257, minlength=256).astype(float)
    line = gaussian_filter1d(counts, smoothing, mode="nearest") if smoothing else counts
    least = prominence * line.max()
    # Nothing lies beyond the ends of the axis, so a histogram that is highest there peaks there.
    peaks = find_peaks(np.concatenate(([0], line, [0])), prominence=least)[0] - 1
    assert len(peaks)
    np.testing.assert_array_equal(found.peaks, peaks)
    np.testing.assert_array_equal(found.troughs, find_peaks(-line, prominence=least)[0])
    np.testing.assert_allclose(found.smoothed, line)


def test_pixels_in_the_range_are_counted_exactly_ends_included(model, micrograph):
    gray = stored(micrograph)
    aggregation = (100.0 * (255 - gray.astype(int))) / 255
    dark = float(np.unique(aggregation)[40])
    for low, high in ((0, 100), (35, 80), (dark, dark), (dark, 100), (33.4, 33.41)):
        model.set_range(low, high)
        assert model.pixels_in_range() == np.count_nonzero((aggregation >= low) & (aggregation <= high))


def test_levels_in_range_are_those_the_filter_uses(session, model):
    model.set_range(20, 60)
    first, last = model.levels_in_range()
    aggregation = 100 - np.arange(65536) / 65535 * 100
    inside = np.flatnonzero((aggregation >= 20) & (aggregation <= 60))
    assert (first, last) == (inside[0], inside[-1])


def test_polarity_turns_the_histogram_round(qtbot, session, model):
    before = model.distribution
    session.set_filter(polarity="bright")
    settled(qtbot, model)
    assert model.analysis.polarity == "bright"
    assert model.distribution.mean == pytest.approx(100 - before.mean)
    np.testing.assert_array_equal(model.distribution.counts, before.counts[::-1])
    model.set_range(0, 50)
    assert model.pixels_in_range() == before.counts[before.centers >= 50 - 1e-9].sum()


# ------------------------------------------------------------ following what changes


def test_sensitivity_is_live_and_other_settings_change_nothing(qtbot, session, model):
    first = model.analysis
    session.set_filter(min_area=50)
    session.set_values("analysis", log_scale=True)
    assert not model.is_busy
    assert model.analysis is first
    session.set_values("analysis", bins=64, smoothing=0)
    settled(qtbot, model)
    assert len(model.distribution.counts) == 64


def test_a_slider_that_runs_ahead_does_not_pile_up_work(qtbot, session, model):
    most = 0
    for i in range(30):
        session.set_values("analysis", smoothing=float(i) / 3)
        most = max(most, len(session.jobs.jobs()))
    settled(qtbot, model)
    assert most == 1
    assert model.analysis.sensitivity.smoothing == pytest.approx(29 / 3)


def test_a_result_of_an_earlier_image_never_shows(qtbot, session, model, image):
    shown = []
    model.changed.connect(lambda: shown.append(model.analysis))
    first, second = (opened_image(session, path) for path in twice(image))
    for opened_ in (first, second):
        session._set_image(opened_)
        qtbot.wait(1)  # the first is under way, its result perhaps waiting in the event loop
    settled(qtbot, model)
    later = shown[len(shown) - 1 - shown[::-1].index(None) :]
    assert [found.image for found in later[1:]] == [second]
    assert model.analysis.image is second


def test_a_result_that_comes_after_the_image_changed_is_dropped(qtbot, session, model, image):
    first, second = (opened_image(session, path) for path in twice(image))
    shown = []
    model.changed.connect(lambda: shown.append(model.analysis and model.analysis.image))
    session._set_image(first)
    session._set_image(second)
    settled(qtbot, model)
    assert first not in shown
    assert shown[-1] is second


def twice(image: Path) -> tuple[Path, Path]:
    second = Path(shutil.copy(MICROGRAPHS / "histology" / "nuclei_1.png", image.parent))
    return image, second


def test_clearing_shows_nothing_until_analyze(qtbot, session, model):
    model.clear()
    assert model.distribution is None
    assert model.pixels_in_range() == 0
    session.set_values("analysis", smoothing=3.0)
    assert not model.is_busy
    model.analyze()
    assert settled(qtbot, model).distribution is not None


def test_busy_is_told_once_for_a_row_of_changes(qtbot, session, model):
    said = []
    model.busy_changed.connect(said.append)
    session.set_values("analysis", smoothing=3.0)
    session.set_values("analysis", smoothing=4.0)
    settled(qtbot, model)
    assert said == [True, False]


# ------------------------------------------------------------ regions


def test_a_rectangle_counts_the_pixels_whose_centres_it_holds(qtbot, session, image):
    model = opened(qtbot, session, image)
    corners = np.array([[10.4, 5.0], [20.6, 5.0], [20.6, 9.0], [10.4, 9.0]])
    model.use_outline(corners, RegionKind.RECTANGLE)
    settled(qtbot, model)
    # Centres at 10.5 to 20.5, that is columns 10 to 20, and rows 5 to 8.
    assert model.distribution.pixels == 11 * 4
    part = 100 - stored(image)[5:9, 10:21] / 255 * 100
    assert model.distribution.mean == pytest.approx(part.mean())
    assert model.analysis.part.masks.areas().tolist() == [44]
    model.use_image()
    assert settled(qtbot, model).distribution.pixels == 40 * 30


def test_a_lasso_counts_what_is_inside_even_beyond_the_edge(qtbot, session, image):
    model = opened(qtbot, session, image)
    model.use_outline(np.array([[-50.0, -50.0], [90.0, -50.0], [-50.0, 90.0]]), RegionKind.LASSO)
    settled(qtbot, model)
    y, x = np.mgrid[:30, :40] + 0.5
    assert model.distribution.pixels == np.count_nonzero(x + y < 40)


def test_a_region_without_pixels_is_said_and_shows_nothing(qtbot, session, image):
    model = opened(qtbot, session, image)
    said = []
    session.error_reported.connect(lambda tab, failure: said.append((tab, failure.why)))
    model.use_outline(np.array([[500.0, 500.0], [510.0, 500.0], [505.0, 510.0]]))
    settled(qtbot, model)
    assert said[0][0] == "aggregation"
    assert "pixel" in said[0][1]
    assert model.analysis is None
    model.use_image()
    assert settled(qtbot, model).distribution.pixels == 1200


def test_a_new_image_is_analyzed_whole(qtbot, session, image, micrograph):
    model = opened(qtbot, session, image)
    model.use_outline(np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [0.0, 5.0]]))
    settled(qtbot, model)
    opened(qtbot, session, micrograph)
    assert model.region.kind is RegionKind.IMAGE
    assert model.distribution.pixels == 512 * 512


@pytest.mark.parametrize("seed", range(5))
def test_polygons_are_filled_by_the_even_odd_rule(seed):
    corners = np.random.default_rng(seed).uniform(-5, 45, (7, 2))
    rows, columns, inside = polygon_mask(corners, height=30, width=40)
    whole = np.zeros((30, 40), bool)
    whole[rows, columns] = inside
    for y, x in np.ndindex(30, 40):
        assert whole[y, x] == winds_oddly(corners, x + 0.5, y + 0.5)


def winds_oddly(corners: np.ndarray, x: float, y: float) -> bool:
    """Whether a ray to the right crosses the outline an odd number of times."""
    crossings = 0
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y0 > y) != (y1 > y) and x0 + (y - y0) / (y1 - y0) * (x1 - x0) > x:
            crossings += 1
    return crossings % 2 == 1


def test_selected_masks_are_analyzed_and_followed(qtbot, session, image):
    model = opened(qtbot, session, image)
    assert not model.use_selected_masks()
    labels = np.zeros((30, 40), np.int32)
    labels[2:6, 3:8] = 1
    labels[10:20, 30:35] = 2
    give_masks(session, MaskTable.from_labels(labels))
    session.masks.select_indices(np.array([0]))
    assert model.use_selected_masks()
    settled(qtbot, model)
    assert model.distribution.pixels == 20
    assert model.region.kind is RegionKind.MASKS
    session.masks.select_all()
    settled(qtbot, model)
    assert model.distribution.pixels == 20 + 50
    assert "2" in model.region_text()
    session.masks.select_none()
    settled(qtbot, model)
    assert model.region.kind is RegionKind.IMAGE


def give_masks(session, masks: MaskTable) -> None:
    """Put masks into the document as generating does."""
    from samhq.gui.mask_state import MaskState

    document = session.masks
    level = session.image.image.level
    objects = document.new_objects(masks, outlines(masks), measure_objects(level, masks))
    n = len(masks)
    document.change(
        MaskState(objects=objects, selected=np.zeros(n, np.bool_), rejected=np.zeros(n, np.bool_)), "test"
    )


# ------------------------------------------------------------ range, chart, texts


def test_the_range_becomes_the_filter_and_undo_takes_it_back(session, model):
    model.set_range(35, 80)
    assert session.filter.min_aggregation == 0
    assert model.use_range_as_filter()
    assert (session.filter.min_aggregation, session.filter.max_aggregation) == (35, 80)
    session.undo.undo()
    assert (session.filter.min_aggregation, session.filter.max_aggregation) == (0, 100)
    assert model.range == (0, 100)


def test_a_draft_of_the_range_survives_other_changes_of_the_filter(session, model):
    model.set_range(35, 80)
    session.set_filter(min_area=10)
    assert model.range == (35, 80)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_saved_chart_opens_again(qtbot, session, model, tmp_path, suffix):
    session.set_values("analysis", log_scale=True)
    target = tmp_path / f"chart{suffix}"
    job = model.save_chart(target)
    with qtbot.waitSignal(job.done, timeout=20_000):
        pass
    data = target.read_bytes()
    if suffix == ".png":
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[0] > 500
        assert (picture == (40, 39, 214)).all(axis=2).sum() > 100  # red dots
    elif suffix == ".pdf":
        assert data.startswith(b"%PDF")
        assert data.rstrip().endswith(b"%%EOF")
    else:
        assert "Pixels (logarithmic)" in data.decode("utf-8")
        assert "cells.png" in data.decode("utf-8")
    assert session.memory.folder("chart") == str(tmp_path)


def test_a_chart_that_cannot_be_written_is_reported(qtbot, session, model, tmp_path):
    said = []
    session.error_reported.connect(lambda tab, failure: said.append(failure))
    job = model.save_chart(tmp_path / "chart.jpg")
    with qtbot.waitSignal(job.failed, timeout=20_000):
        pass
    assert ".svg" in said[0].why
    model.clear()
    assert model.save_chart(tmp_path / "chart.png") is None


def test_the_chart_of_a_region_says_so(qtbot, session, model, tmp_path):
    model.use_outline(np.array([[0.0, 0.0], [90.0, 0.0], [90.0, 90.0]]))
    settled(qtbot, model)
    job = model.save_chart(tmp_path / "c.svg")
    with qtbot.waitSignal(job.done, timeout=20_000):
        pass
    assert "the lasso you drew" in (tmp_path / "c.svg").read_text(encoding="utf-8")


def test_copied_numbers_are_the_numbers(model):
    rows = dict(
        line.split("\t", 1) for line in model.numbers_text().splitlines() if line.count("\t") in (1, 2)
    )
    found = model.distribution
    assert rows["Image"] == "cells.png"
    assert int(rows["Pixels"]) == found.pixels
    assert float(rows["Mean"]) == found.mean
    assert float(rows["Percentile 95"]) == found.percentiles[95]
    marks = [line.split("\t") for line in model.numbers_text().splitlines() if line.startswith("Peak\t")]
    assert [float(mark[2]) for mark in marks] == found.centers[found.peaks].tolist()
    assert [int(mark[3]) for mark in marks] == found.counts[found.peaks].tolist()


def test_the_command_gives_the_same_numbers(qtbot, session, model, capsys):
    session.set_values("analysis", bins=512, smoothing=3.0, prominence=0.002)
    session.set_filter(polarity="bright")
    settled(qtbot, model)
    _, *arguments = shlex.split(model.command())
    assert main([*arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    found = model.distribution
    assert printed["mean"] == found.mean
    assert [p["aggregation"] for p in printed["peaks"]] == found.centers[found.peaks].tolist()


def test_gray_levels_are_written_as_the_file_has_them(qtbot, session, tmp_path, image):
    opened(qtbot, session, image)
    assert native_gray(session.image)(257 * 17) == "17"
    deep = tmp_path / "deep.png"
    cv2.imwrite(str(deep), np.full((5, 5), 1234, np.uint16))
    opened(qtbot, session, deep)
    assert native_gray(session.image)(int(session.image.image.level[0, 0])) == "1234"
