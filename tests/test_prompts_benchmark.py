"""The benchmark of the ways of prompting runs and compares right; no time is asserted."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_fixtures import discs

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_the_benchmark_writes_its_results_down(tmp_path, monkeypatch):
    if not BENCHMARKS.is_dir():
        pytest.skip("needs the folder benchmarks of the source code")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    benchmark = importlib.import_module("prompts")
    data, target = tmp_path / "discs", tmp_path / "prompts.json"
    for name, picture in (
        ("images", discs()),
        ("labels", cv2.connectedComponents((discs()[..., 0] > 100).astype(np.uint8))[1].astype(np.uint8)),
    ):
        (data / "val" / name).mkdir(parents=True)
        (data / "val" / name / "a.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    benchmark.main([str(data), "--points", "6", "--device", "cpu", "--json", str(target)])
    result = json.loads(target.read_text(encoding="utf-8"))
    assert set(result["mean"]) == {"grid", "adaptive", "dark-guided", "discovered"}
    rows = {row["way"]: row for row in result["pictures"]}
    assert rows["grid"]["recall_of_grid"] == rows["grid"]["precision_of_grid"] == 1
    assert rows["grid"]["recall_of_labels"] > 0
    assert rows["grid"]["prompts"] == rows["discovered"]["finder_prompts"] == 36
    assert rows["dark-guided"]["prompts"] < 36  # told that the objects are bright
    assert all(row["network_ratio"] > 0 for row in rows.values())
