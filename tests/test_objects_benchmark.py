"""The benchmark of everything after the network runs, and its ways to the same result agree; no times here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "objects.py"


def test_it_runs_and_every_way_to_filter_keeps_the_same_objects(tmp_path):
    path = tmp_path / "result.json"
    flags = ["--sizes", "230", "--pictures", "20", "--repeats", "1", "--place", tmp_path, "--json", path]
    done = subprocess.run([sys.executable, SCRIPT, *flags], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding="utf-8"))
    (run,), (picture,) = result["runs"], result["pictures"]
    steps = [name for name in run if name != "objects"]
    assert len(steps) == 5
    assert all(run[name]["peak_mb"] > 0 for name in steps)
    kept = {run[name]["kept"] for name in steps if name != "make"} | {
        run["refilter_at_once"]["kept_by_image"]
    }
    assert len(kept) == 1
    assert 0 < kept.pop() < 230, "the filter must drop some objects and keep some"
    assert run["make"]["images"] == 2
    assert 45 < run["make"]["median_levels"] < 75
    assert run["make"]["bytes_per_object"] < 2000
    assert len(run["write_tables"]["files"]) == 5
    assert picture["objects"] == 20
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"], "it must leave nothing behind"
