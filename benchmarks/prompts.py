"""What each way of prompting finds and costs, beside the full grid.

    python benchmarks/prompts.py DATA --json benchmarks/results/prompts.json

Every picture is segmented with prompts grid, adaptive, dark-guided and discovered in turn, in one process and with
the same model (its recommended settings), --repeats times with the order turned by one each time. For each way:

- recall and precision against the masks of the full grid, and against the labels (one-to-one at IoU 0.5),
- prompts the model decoded, and those of the finder,
- seconds in the network (encoder and decoder of model and finder) and in all, as medians, and their ratio to the grid.

dark-guided takes Otsu's threshold; its polarity is told as a user would tell it: bright where the labelled
objects are brighter than the rest of the picture.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
import numpy as np
import torch
from pycocotools import mask as coco_mask

from samhq.engine import device_and_precision, model_info
from samhq.evaluation.evaluate import picture_of
from samhq.evaluation.metrics import exclusive_labels, iou_matrix, match
from samhq.labels import LabelArray, LabelledImage, find_sets
from samhq.masks import MaskTable
from samhq.network.checkpoint import LoadedModel, load_model
from samhq.network.registry import resolve_model
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.segmentation.prompting import finder_settings
from samhq.segmentation.records import records
from samhq.settings import SegmentationSettings, Settings

WAYS = ("grid", "adaptive", "dark-guided", "discovered")


@dataclass
class Spent:
    """What the network did during one segmentation."""

    network_s: float = 0.0
    prompts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Outcome:
    """One way on one picture."""

    masks: MaskTable
    prompts: int
    finder_prompts: int
    network_s: list[float]
    whole_s: list[float]


def main(given: Sequence[str] | None = None) -> None:
    args = arguments(given)
    if args.threads:
        torch.set_num_threads(args.threads)
    settings = Settings().updated({"compute": {"device": args.device, "precision": args.precision}})
    device, precision = device_and_precision(settings)
    dtype = getattr(torch, precision)
    info = model_info(args.model)
    model = load_model(resolve_model(args.model), device=device, dtype=dtype)
    finder = load_model(resolve_model("starter"), device=device, dtype=dtype)
    values: dict[str, Any] = {"model": args.model} | ({"points_per_side": args.points} if args.points else {})
    base = SegmentationSettings(**values).with_recommended(info.recommended)
    rows = []
    for name, item in pictures(args):
        image = picture_of(item, settings.image).rgb
        labels = item.read((image.shape[0], image.shape[1]))
        chosen = base.model_copy(update={"prompt_polarity": polarity_of(image, labels)})
        outcomes = measure(image, chosen, model=model, finder=finder, args=args)
        for way, outcome in outcomes.items():
            rows.append(row(f"{name}/{item.name}", way, outcome, grid=outcomes["grid"], labels=labels))
            print(line(rows[-1]), flush=True)
    summary = {way: mean([r for r in rows if r["way"] == way]) for way in args.ways}
    for value in summary.values():
        print(line(value))
    if args.json:
        facts = {
            **machine.facts(),
            "model": args.model,
            "model_sha256": info.sha256,
            "device": device,
            "precision": precision,
            "split": args.split,
            "repeats": args.repeats,
            "segmentation": base.model_dump(mode="json"),
        }
        data = {"facts": facts, "mean": summary, "pictures": rows}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8", newline="\n")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--split", default="val")
    parser.add_argument("--sets", nargs="+", help="names; all if left out")
    parser.add_argument("--images", type=int, default=2, help="of each set at most")
    parser.add_argument("--points", type=int, help="per side; else what the model recommends")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, help="grid is always measured")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64, help="points per batch")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(given)
    args.ways = ["grid", *(way for way in WAYS[1:] if way in args.ways)]
    return args


def pictures(args: argparse.Namespace) -> Iterator[tuple[str, LabelledImage]]:
    """A few of each set, spread over its list."""
    for owner in find_sets(args.data, split=args.split):
        if args.sets and owner.name not in args.sets:
            continue
        count = min(args.images, len(owner.images))
        for place in np.linspace(0, len(owner.images) - 1, count + 2).round().astype(int)[1:-1]:
            yield owner.name, owner.images[place]


def polarity_of(image: np.ndarray, labels: LabelArray) -> str:
    gray = image.mean(axis=2)
    inside = labels > 0
    if inside.all() or not inside.any():
        return "dark"
    return "bright" if gray[inside].mean() > gray[~inside].mean() else "dark"


# --------------------------------------------------------------------- measuring


def measure(
    image: np.ndarray,
    base: SegmentationSettings,
    *,
    model: LoadedModel,
    finder: LoadedModel,
    args: argparse.Namespace,
) -> dict[str, Outcome]:
    """Every way on one picture, alternating."""
    found: dict[str, Outcome] = {}
    for repeat in range(args.repeats):
        for place in range(len(args.ways)):
            way = args.ways[(place + repeat) % len(args.ways)]
            generator = generator_of(way, base, model=model, finder=finder, batch=args.batch)
            spent = Spent()
            start = time.perf_counter()
            with watched({"model": model, "finder": finder}, spent):
                masks = generator.generate(image)
            whole = time.perf_counter() - start
            if way not in found:
                found[way] = Outcome(masks, spent.prompts["model"], spent.prompts["finder"], [], [])
            found[way].network_s.append(spent.network_s)
            found[way].whole_s.append(whole)
    return {way: found[way] for way in args.ways}


def generator_of(
    way: str, base: SegmentationSettings, *, model: LoadedModel, finder: LoadedModel, batch: int
) -> AutomaticMaskGenerator:
    searcher = AutomaticMaskGenerator(
        finder, finder_settings(base, finder.info.recommended), points_per_batch=batch
    )
    settings = base.model_copy(update={"prompts": way})
    return AutomaticMaskGenerator(model, settings, points_per_batch=batch, finder=searcher)


@contextmanager
def watched(models: dict[str, LoadedModel], spent: Spent) -> Iterator[None]:
    """Counts the prompts and the seconds of the network's two methods while it lasts."""
    try:
        for name, loaded in models.items():
            for method in ("encode_image", "decode"):
                setattr(loaded.model, method, timed(getattr(loaded.model, method), name, spent))
        yield
    finally:
        for loaded in models.values():
            for method in ("encode_image", "decode"):
                delattr(loaded.model, method)


def timed(method: Callable[..., Any], name: str, spent: Spent) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        result = method(*given, **named)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        spent.network_s += time.perf_counter() - start
        if method.__name__ == "decode":
            spent.prompts[name] += len(given[1])
        return result

    return call


# ----------------------------------------------------------------------- judging


def row(picture: str, way: str, outcome: Outcome, *, grid: Outcome, labels: LabelArray) -> dict[str, Any]:
    of_grid = len(match(mask_iou(grid.masks, outcome.masks), 0.5))
    shown = exclusive_labels(outcome.masks)
    of_labels = len(match(iou_matrix(labels, shown), 0.5))
    network, whole = statistics.median(outcome.network_s), statistics.median(outcome.whole_s)
    return {
        "picture": picture,
        "way": way,
        "masks": len(outcome.masks),
        "recall_of_grid": part(of_grid, len(grid.masks)),
        "precision_of_grid": part(of_grid, len(outcome.masks)),
        "recall_of_labels": part(of_labels, int(labels.max())),
        "precision_of_labels": part(of_labels, int(shown.max())),
        "prompts": outcome.prompts,
        "finder_prompts": outcome.finder_prompts,
        "network_s": network,
        "whole_s": whole,
        "network_ratio": network / statistics.median(grid.network_s),
        "whole_ratio": whole / statistics.median(grid.whole_s),
    }


def part(good: int, total: int) -> float:
    return good / total if total else 1.0


def mask_iou(first: MaskTable, second: MaskTable) -> np.ndarray:
    """IoU of the masks of two tables, which may overlap, (n, m)."""
    if not len(first) or not len(second):
        return np.zeros((len(first), len(second)))
    packed = [[r["segmentation"] for r in records(table, "coco_rle")] for table in (first, second)]
    return np.asarray(coco_mask.iou(packed[0], packed[1], [0] * len(second)))


def mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean over sets of the mean over their pictures."""
    by_set: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for r in rows:
        by_set[r["picture"].split("/")[0]].append(r)
    numbers = [name for name, value in rows[0].items() if not isinstance(value, str)]
    values = {
        name: float(np.mean([np.mean([r[name] for r in part]) for part in by_set.values()]))
        for name in numbers
    }
    return {"picture": "mean of the sets", "way": rows[0]["way"], **values}


def line(r: dict[str, Any]) -> str:
    return (
        f"{r['picture']:<36} {r['way']:<12} masks {r['masks']:6.1f}  "
        f"grid R {r['recall_of_grid']:.3f} P {r['precision_of_grid']:.3f}  "
        f"labels R {r['recall_of_labels']:.3f} P {r['precision_of_labels']:.3f}  "
        f"prompts {r['prompts']:6.1f} + {r['finder_prompts']:6.1f}  "
        f"network x {r['network_ratio']:.2f}  all x {r['whole_ratio']:.2f}"
    )


if __name__ == "__main__":
    main()
