"""The benchmark of the pipeline runs and counts right; no time is asserted."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_the_benchmark_writes_its_results_down(tmp_path, monkeypatch):
    if not BENCHMARKS.is_dir():
        pytest.skip("needs the folder benchmarks of the source code")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    benchmark = importlib.import_module("pipeline")
    target = tmp_path / "pipeline.json"
    small = "--images 4 --size 64 --objects 5 --sleep 0.01 --devices 2 --starter-images 2 --points-per-side 2"
    arguments = [*small.split(), "--small-starter", "--small-images", "10", "--json", str(target)]
    assert benchmark.main(arguments) == 0
    result = json.loads(target.read_text(encoding="utf-8"))
    for name, images, devices in (("stand_in_1", 4, 1), ("stand_in_2", 4, 2), ("starter_128", 2, 1)):
        assert (result[name]["images"], result[name]["devices"]) == (images, devices)
        assert 0 < result[name]["network_busy_share"] <= 1
        assert result[name]["measure_s_per_image"] > 0
    assert result["stand_in_1"]["objects"] == result["stand_in_2"]["objects"] == 20
    assert result["memory"]["images"] == 10
