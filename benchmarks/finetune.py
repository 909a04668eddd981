"""From a few labelled images to a better model: `samhq train` for some minutes, AP before and after on unseen images.

python benchmarks/finetune.py ../shared/data/mushrooms --images 10 --minutes 10
python benchmarks/finetune.py FOLDER --images 5 --minutes 2 --processes 2 --from vit_tiny

FOLDER is a labelled set with train/ and val/. N images, evenly spread over train/, are learnt from (some of them are
kept apart by the training itself, as for every user); val/ and what is left of train/ judge the model, both beside the
one it came from and Otsu + watershed. Everything through the command line, as a user would do it. The trained model,
its report and the numbers are kept where --out says.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

from samhq.labels import find_sets

RESULTS = Path(__file__).parent / "results"


def samhq(*arguments: object) -> float:
    """Run the command line; returns the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "samhq", *map(str, arguments)]
    print("$ samhq", *map(str, arguments), flush=True)
    subprocess.run(command, check=True)
    return time.monotonic() - started


def divide(data: Path, count: int, folder: Path) -> tuple[Path, Path, list[str]]:
    """Copy train/ into two labelled folders: evenly spread images to learn from, and the others."""
    (owner,) = find_sets(data, split="train")
    if count > len(owner.images):
        raise SystemExit(f"{data}: train holds {len(owner.images)} images, {count} were asked for")
    step = len(owner.images) / count
    chosen = {owner.images[int(i * step)].name for i in range(count)}
    few, rest = folder / "few", folder / "rest"
    for item in owner.images:
        target = few if item.name in chosen else rest
        for kind, path in (("images", item.image), ("labels", item.labels)):
            place = target / kind / (Path(item.name).stem + path.suffix)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    return few, rest, sorted(chosen)


def evaluated(model: Path, start: str, data: Path, split: str, out: Path, limit: int | None) -> dict:
    """AP and the other numbers of start, result and the classical method, and how long it took."""
    more = ["--limit", limit] if limit else []
    seconds = samhq("evaluate", model, data, "--split", split, "--beside", start, "--json", out, "-q", *more)
    found = json.loads(out.read_text(encoding="utf-8"))
    names = {str(model): "after", start: "before"}
    rows = {
        names.get(row["contender"], row["contender"]): row for row in found["rows"] if row["level"] == "set"
    }
    return {"images": rows["after"]["images"], "seconds": round(seconds, 1), "rows": rows}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--from", dest="start", default="starter", help="name or file of the model to begin with"
    )
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--crops", type=int)
    parser.add_argument("--limit", type=int, default=8, help="images of the rest of train/ that are judged")
    parser.add_argument("--out", type=Path, help="folder for model and report (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="default: benchmarks/results/finetune_SET.json")
    return parser.parse_args()


def main() -> int:
    """Divide, train, evaluate, write."""
    given = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        out = given.out or work
        out.mkdir(parents=True, exist_ok=True)
        few, rest, names = divide(given.data, given.images, work)
        model = out / f"{given.data.name}.safetensors"
        chosen = [] if given.learning_rate is None else ["--learning-rate", given.learning_rate]
        chosen += [] if given.crops is None else ["--crops", given.crops]
        # Without an end by steps: the clock ends it.
        seconds = samhq("train", few, "--from", given.start, "--out", model, "--minutes", given.minutes, "--steps",
                        1_000_000, "--processes", given.processes, "--seed", given.seed, *chosen)  # fmt: skip
        history = json.loads((out / f"{model.name}.history.json").read_text(encoding="utf-8"))
        judged = {
            "val": evaluated(model, given.start, given.data, "val", work / "val.json", None),
            "rest of train": evaluated(model, given.start, rest, "", work / "rest.json", given.limit),
        }
    result = {
        "set": given.data.name,
        "learnt_from": names,
        "start": given.start,
        "minutes": given.minutes,
        "processes": given.processes,
        "seed": given.seed,
        "learning_rate": given.learning_rate,
        "crops": given.crops,
        "steps": max(row["step"] for row in history),
        "seconds_of_training": max(row["elapsed_s"] for row in history),
        "seconds_of_command": round(seconds, 1),
        "machine": machine.facts(),
        "judged": judged,
        "history": history,
    }
    target = given.json or RESULTS / f"finetune_{given.data.name}.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, found in judged.items():
        for who, row in found["rows"].items():
            print(f"{name:14} {who:18} AP50 {row['ap50']:.3f}  AP75 {row['ap75']:.3f}  AP {row['ap']:.3f}  "
                  f"{row['images']} images")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
