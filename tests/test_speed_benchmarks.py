"""Small versions of the benchmarks of speed and precision: they run, with equal results. No time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from model_fixtures import discs

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def run(script: str, *arguments: str, target: Path) -> dict:
    if not BENCHMARKS.is_dir():
        pytest.skip("needs the folder benchmarks of the source code")
    done = subprocess.run(
        [sys.executable, script, *arguments, "--json", str(target)],
        cwd=BENCHMARKS,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(target.read_text(encoding="utf-8"))


def test_against_the_authors_library_all_masks_are_the_same(tmp_path, shared_dir):
    small = (
        "--side",
        "200",
        "--points-per-side",
        "3",
        "--rounds",
        "1",
        "--survivors",
        "0.5",
        "--no-shortcuts",
    )
    result = run(
        "against_official.py",
        "--model",
        "starter",
        *small,
        "--shared",
        str(shared_dir),
        target=tmp_path / "r.json",
    )
    (row,) = result["rows"]
    assert result["masks_matched"] == row["masks_official"] == row["masks_ours"] > 0
    assert all(
        result[name] > 0
        for name in (
            "ratio_whole_image",
            "ratio_encoder",
            "ratio_decoder",
            "official_encoder_s",
            "peak_gflops",
        )
    )
    assert row["ratio_memory"] > 0
    assert row["gmac"] > 0


def test_the_fast_path_keeps_the_objects_of_the_plain_path(tmp_path):
    folder = tmp_path / "shared" / "data" / "discs" / "val" / "images"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(cv2.imencode(".png", discs())[1].tobytes())
    small = ("--images", "1", "--points-per-side", "5", "--shared", str(tmp_path / "shared"))
    result = run("precision.py", *small, target=tmp_path / "r.json")
    fast = result["fast against plain"]
    assert fast["objects"] == fast["objects_other"] > 0
    assert fast["share_iou_above_0.98"] == fast["images_with_equal_count"] == 1
    assert result["bf16 against fp32"]["objects"] == fast["objects"]
