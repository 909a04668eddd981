"""The black and white point of a run equal numpy's percentiles over all pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from samhq.errors import ImageReadError
from samhq.images import percentile_scale
from samhq.monitor import Cancelled, Event, StoppableMonitor
from samhq.settings import ImageSettings

RNG = np.random.default_rng(11)


def _settings(black: float = 1.0, white: float = 99.0, **more: object) -> ImageSettings:
    return ImageSettings(intensity_range="percentile", black_percentile=black, white_percentile=white, **more)


def _save(folder: Path, arrays: list[np.ndarray]) -> list[Path]:
    paths = []
    for i, array in enumerate(arrays):
        paths.append(folder / f"{i}.tif")
        tifffile.imwrite(paths[-1], array, photometric="minisblack")
    return paths


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
@pytest.mark.parametrize("percentiles", [(0.0, 100.0), (1.0, 99.0), (12.3, 45.6)])
def test_equals_numpy_over_all_pixels(tmp_path: Path, dtype: str, percentiles: tuple[float, float]) -> None:
    low = -300 if dtype in ("int16", "int32", "float32") else 0
    arrays = [RNG.integers(low, high, (30, 41 + high % 7)).astype(dtype) for high in (100, 250, 60)]
    expected = np.percentile(np.concatenate([a.ravel() for a in arrays]).astype(float), percentiles)
    scale = percentile_scale(_save(tmp_path, arrays), _settings(*percentiles))
    assert scale == pytest.approx(tuple(expected), abs=1e-9)


def test_large_float_pages_keep_their_exact_extremes(tmp_path: Path) -> None:
    values = RNG.random((700, 701)).astype(np.float32)
    values[13, 17], values[99, 98] = -5, 9
    paths = _save(tmp_path, [values])
    assert percentile_scale(paths, _settings(0, 100)) == (-5, 9)
    assert percentile_scale(paths, _settings(10, 90)) == pytest.approx((0.1, 0.9), abs=0.01)
    assert percentile_scale(paths, _settings(10, 90)) == percentile_scale(paths, _settings(10, 90))


def test_unreadable_files_are_left_out(tmp_path: Path) -> None:
    paths = _save(tmp_path, [np.arange(256, dtype=np.uint8).reshape(16, 16)])
    (tmp_path / "bad.tif").write_bytes(b"II*\x00 nonsense")
    assert percentile_scale([tmp_path / "bad.tif", *paths], _settings(0, 100)) == (0, 255)
    with pytest.raises(ImageReadError, match="none of the images can be read"):
        percentile_scale([tmp_path / "bad.tif"], _settings())


def test_pages_follow_the_settings(tmp_path: Path) -> None:
    stack = np.arange(3, dtype=np.uint16)[:, None, None] * 1000 + np.arange(100, dtype=np.uint16).reshape(
        10, 10
    )
    paths = _save(tmp_path, [stack])
    assert percentile_scale(paths, _settings(0, 100, page="all")) == (0, 2099)
    assert percentile_scale(paths, _settings(0, 100, page=2)) == (1000, 1099)
    with pytest.raises(ImageReadError, match="none of the images"):
        percentile_scale(paths, _settings(0, 100))


def test_equal_percentiles_are_an_error_with_a_remedy(tmp_path: Path) -> None:
    paths = _save(tmp_path, [np.full((9, 9), 12, np.uint8)])
    with pytest.raises(ImageReadError, match="are both 12; move them apart, or choose the range"):
        percentile_scale(paths, _settings())


def test_progress_mixed_types_and_cancelling(tmp_path: Path) -> None:
    ramp = np.arange(100).reshape(10, 10)
    paths = _save(tmp_path, [ramp.astype(np.uint8), ramp.astype(np.uint16)])
    events: list[Event] = []
    monitor = StoppableMonitor(events.append)
    percentile_scale(paths, _settings(), monitor=monitor)
    assert [e.done for e in events if not e.message] == [0, 1, 2]
    assert [e.level for e in events if e.message] == ["warning"]
    monitor.stop()
    with pytest.raises(Cancelled):
        percentile_scale(paths, _settings(), monitor=monitor)
