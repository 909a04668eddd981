"""Time samhq and the authors' library in turn: same image, same weights, same settings.

    python benchmarks/against_official.py --model starter --rounds 3

Needs what parity.py needs. Official architectures get random weights, for which thresholds are off.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parity import ROOT, import_official, make_pair, official_predictor

from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.settings import SegmentationSettings


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result of a piece of work."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> None:
    """Alternate the two and print medians and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="starter")
    parser.add_argument("--points-per-side", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    )
    given = parser.parse_args()
    package = import_official(given.shared)
    if isinstance(package, str):
        raise SystemExit(package)
    with tempfile.TemporaryDirectory() as folder:
        pair = make_pair(given.model, package, Path(folder), given.shared)
    values: dict[str, Any] = {"points_per_side": given.points_per_side}
    values |= dict(pair.ours.info.recommended) or {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
    values["points_per_side"] = given.points_per_side
    ours = AutomaticMaskGenerator(pair.ours, SegmentationSettings(**values))
    theirs = package.SamAutomaticMaskGenerator(pair.official, **values)
    seconds: dict[str, list[float]] = {
        name: [] for name in ("ours", "official", "ours_encoder", "official_encoder")
    }
    for number in range(1, given.rounds + 1):
        seconds["ours_encoder"].append(timed(lambda: pair.ours.model.encode_image(pair.image))[0])
        seconds["official_encoder"].append(timed(lambda: official_predictor(pair))[0])
        ours_s, found = timed(lambda: ours.generate(pair.image))
        official_s, expected = timed(lambda: theirs.generate(pair.image))
        seconds["ours"].append(ours_s)
        seconds["official"].append(official_s)
        print(f"round {number}: ours {ours_s:.1f} s, official {official_s:.1f} s", flush=True)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    result = {
        "model": given.model,
        "points": given.points_per_side**2,
        "image": list(pair.image.shape),
        "masks_ours": len(found),
        "masks_official": len(expected),
        "seconds": medians,
        "ratio_whole_image": statistics.median(
            b / a for a, b in zip(seconds["ours"], seconds["official"], strict=True)
        ),
        "ratio_encoder": medians["official_encoder"] / medians["ours_encoder"],
    }
    print(json.dumps(result, indent=1))
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
