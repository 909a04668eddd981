"""Which generator settings suit a model: thresholds, suppression, points, crops, measured on labelled pictures.

    python benchmarks/starter_options.py DATA --model FILE --json benchmarks/results/starter_options.json

Each picture goes through the network once for each grid (--points, with --crops for one layer of crops as
well), with thresholds so loose that nothing a stricter setting would keep is lost; the masks are kept in
--cache, so that a second start goes on or only sweeps again. Then every combination of thresholds is applied
to the stored masks, which gives exactly the masks of the generator under these settings (--check proves it
on one picture), and judged by the labels. Never use it on pictures by which the model is judged later: it
takes the split "train" unless told otherwise.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch

from samhq.engine import Engine, load_engine, model_info
from samhq.evaluation.metrics import THRESHOLDS, exclusive_labels, iou_matrix, match
from samhq.images import read_image
from samhq.labels import LabelledImage, find_sets
from samhq.masks import MaskTable
from samhq.monitor import SILENT
from samhq.segmentation import ENGINE_VERSION
from samhq.segmentation.nms import suppress
from samhq.settings import Settings

LOOSEST = {
    "pred_iou_thresh": 0.3,
    "stability_score_thresh": 0.6,
    "box_nms_thresh": 1.0,
    "crop_nms_thresh": 1.0,
}
PRED_IOU = (0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.88)
STABILITY = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
NMS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    chosen = pictures(args)
    print(f"{len(chosen)} pictures of {len({name for name, _ in chosen})} sets", flush=True)
    sha = model_info(args.model).sha256
    grids = [(points, layers) for points in args.points for layers in ((0, 1) if args.crops else (0,))]
    seconds: dict[tuple[int, int], list[float]] = {grid: [] for grid in grids}
    engine = None
    results = []
    for grid in sorted(grids):
        tables = []
        for number, (name, item) in enumerate(chosen):
            kind = f"{grid[0]}-{grid[1]}-{args.floor:g}"
            path = args.cache / f"{sha[:12]}-{ENGINE_VERSION}-{name}-{item.image.stem}-{kind}.npz"
            if not path.is_file():
                engine = engine or load_engine(settings(args, *grid))
                made, elapsed = segmented(engine, item, settings(args, *grid))
                save(path, made, elapsed)
                print(
                    f"{grid} {number + 1}/{len(chosen)} {name} {len(made)} masks {elapsed:.1f} s", flush=True
                )
            table, elapsed = load(path)
            seconds[grid].append(elapsed)
            tables.append(table)
        results += sweep(grid, tables, chosen, floor=args.floor)
    report(args, results, seconds, chosen, sha)
    if args.check:
        check(engine or load_engine(settings(args, *grids[0])), args, grids[-1], chosen)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--split", default="train")
    parser.add_argument("--images", type=int, default=40, help="of all sets together")
    parser.add_argument("--points", type=int, nargs="+", default=[32])
    parser.add_argument(
        "--crops", action="store_true", help="try one layer of crops as well; five times the work"
    )
    parser.add_argument("--cache", type=Path, default=Path("starter_options_cache"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--by", choices=["ap50", "ap75", "ap"], default="ap50", help="what the best is best in"
    )
    parser.add_argument("--floor", type=float, default=0.3, help="lowest pred_iou_thresh that is tried")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def pictures(args: argparse.Namespace) -> list[tuple[str, LabelledImage]]:
    """The same number from each set as far as it has them, spread over its kinds and its list."""
    sets = find_sets(args.data, split=args.split)
    share = {s.name: 0 for s in sets}
    while sum(share.values()) < args.images and any(share[s.name] < len(s.images) for s in sets):
        for s in sets:
            if share[s.name] < len(s.images) and sum(share.values()) < args.images:
                share[s.name] += 1
    found = []
    for s in sets:
        kinds = sorted({i.kind for i in s.images})
        by_kind = [[i for i in s.images if i.kind == kind] for kind in kinds]
        spread = [
            np.array(part)[np.linspace(0, len(part) - 1, share[s.name]).round().astype(int)]
            for part in by_kind
        ]
        mixed = [item for row in zip(*spread, strict=True) for item in row]  # kinds take turns
        found += [(s.name, item) for item in list(dict.fromkeys(mixed))[: share[s.name]]]
    return found


def settings(args: argparse.Namespace, points: int, layers: int, **values: float) -> Settings:
    segmentation = {
        **LOOSEST,
        "model": args.model,
        "points_per_side": points,
        "crop_n_layers": layers,
        **values,
    }
    compute = {"precision": args.precision, "threads": args.threads, "device": args.device}
    return Settings().updated({"segmentation": segmentation, "compute": compute})


def segmented(engine: Engine, item: LabelledImage, wanted: Settings) -> tuple[MaskTable, float]:
    image = read_image(item.image, wanted.image)
    start = time.perf_counter()
    table = engine.segmenter(engine.resolve(wanted))(image.rgb, SILENT)
    return table, time.perf_counter() - start


def save(path: Path, table: MaskTable, elapsed: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {f.name: getattr(table, f.name) for f in dataclasses.fields(table)}
    partial = path.with_name("partial.npz")
    np.savez_compressed(partial, elapsed=elapsed, **columns)
    partial.replace(path)  # a start that was cut off leaves no half file


def load(path: Path) -> tuple[MaskTable, float]:
    with np.load(path) as data:
        values = {k: data[k] for k in data.files}
    elapsed = float(values.pop("elapsed"))
    sizes = {k: int(values.pop(k)) for k in ("height", "width")}
    return MaskTable(**sizes, **values), elapsed


# -------------------------------------------------------------------- the sweep


def kept_masks(
    table: MaskTable, *, pred_iou: float, stability: float, nms: float, crop_nms: float
) -> MaskTable:
    """The masks that the generator would have made under these thresholds."""
    good = (table.predicted_iou > np.float32(pred_iou)) & (table.stability_score >= np.float32(stability))
    rows = np.flatnonzero(good)
    boxes = table.boxes - np.array([0, 0, 1, 1], np.int32)
    # Crops one after the other, as they were segmented; unique() sorts by place, so order by first row.
    _, first, crop = np.unique(table.crop_boxes[rows], axis=0, return_index=True, return_inverse=True)
    found = []
    for number in np.argsort(first):
        inside = rows[crop.ravel() == number]
        found.append(inside[suppress(boxes[inside], table.predicted_iou[inside], iou_threshold=nms)])
    kept = np.concatenate(found) if found else rows
    if len(found) > 1:
        c = table.crop_boxes[kept].astype(np.int64)
        areas = (c[:, 2] - c[:, 0]) * (c[:, 3] - c[:, 1])
        kept = kept[suppress(boxes[kept], np.float32(1) / areas.astype(np.float32), iou_threshold=crop_nms)]
    return table[kept]


def sweep(
    grid: tuple[int, int],
    tables: list[MaskTable],
    chosen: list[tuple[str, LabelledImage]],
    *,
    floor: float,
) -> list[dict[str, object]]:
    truths = [item.read((t.height, t.width)) for t, (_, item) in zip(tables, chosen, strict=True)]
    combinations = list(itertools.product([t for t in PRED_IOU if t >= floor], STABILITY, NMS))
    ap = np.zeros((len(combinations), len(tables), len(THRESHOLDS)))
    start = time.perf_counter()
    for place, (table, truth) in enumerate(zip(tables, truths, strict=True)):
        seen: dict[bytes, np.ndarray] = {}
        for row, (pred_iou, stability, nms) in enumerate(combinations):
            masks = kept_masks(table, pred_iou=pred_iou, stability=stability, nms=nms, crop_nms=nms)
            key = masks.points.tobytes() + masks.boxes.tobytes()
            if key not in seen:
                iou = iou_matrix(truth, exclusive_labels(masks))
                hits = np.array(
                    [len(match(iou, t)) if t == 0.5 else np.count_nonzero(iou >= t) for t in THRESHOLDS]
                )
                total = sum(iou.shape) - hits
                seen[key] = np.divide(hits, total, out=np.ones(len(hits)), where=total > 0)
            ap[row, place] = seen[key]
    print(f"{grid}: {len(combinations)} settings swept in {time.perf_counter() - start:.0f} s", flush=True)
    names = np.array([name for name, _ in chosen])
    rows = []
    for (pred_iou, stability, nms), values in zip(combinations, ap, strict=True):
        sets = {name: values[names == name].mean(axis=0) for name in dict.fromkeys(names.tolist())}
        mean = np.mean(list(sets.values()), axis=0)
        rows.append({
            "points_per_side": grid[0], "crop_n_layers": grid[1], "pred_iou_thresh": pred_iou,
            "stability_score_thresh": stability, "box_nms_thresh": nms, "crop_nms_thresh": nms,
            "ap50": float(mean[0]), "ap75": float(mean[5]), "ap": float(mean.mean()),
            "sets": {name: float(v[0]) for name, v in sets.items()},
        })  # fmt: skip
    return rows


def report(
    args: argparse.Namespace,
    results: list[dict[str, object]],
    seconds: dict[tuple[int, int], list[float]],
    chosen: list[tuple[str, LabelledImage]],
    sha: str,
) -> None:
    def line(r: dict[str, object]) -> str:
        names = (
            "points_per_side",
            "crop_n_layers",
            "pred_iou_thresh",
            "stability_score_thresh",
            "box_nms_thresh",
        )
        numbers = [f"{r[n]:.3f}" for n in ("ap50", "ap75", "ap")]
        return "  ".join([*(f"{r[n]!s:>5}" for n in names), *numbers])

    ranked = sorted(results, key=lambda r: -r[args.by])  # type: ignore[operator]
    print("points crops  iou    stab   nms    AP50   AP75   AP   (mean of the sets)")
    for r in ranked[:15]:
        print(line(r))
    print("best of each grid, with seconds an image:")
    for grid, times in seconds.items():
        best = next(r for r in ranked if (r["points_per_side"], r["crop_n_layers"]) == grid)
        print(line(best), f"  {np.median(times):.1f} s")
    print("AP50 of each set, best overall:", {k: round(v, 3) for k, v in ranked[0]["sets"].items()})  # type: ignore[attr-defined]
    print("how flat it is: best value with each choice of one setting")
    for name in ("pred_iou_thresh", "stability_score_thresh", "box_nms_thresh"):
        values = sorted({r[name] for r in results})  # type: ignore[type-var]
        print(f"  {name}:", {v: round(max(r[args.by] for r in results if r[name] == v), 3) for v in values})  # type: ignore[type-var]
    if args.json:
        facts = {
            "model_sha256": sha, "split": args.split, "images": [f"{n}/{i.name}" for n, i in chosen],
            "date": time.strftime("%Y-%m-%d"), "machine": platform.processor() or platform.machine(),
            "torch": torch.__version__, "device": args.device, "threads": args.threads,
            "seconds_per_image": {f"{p} points, {c} crop layers": float(np.median(t)) for (p, c), t in seconds.items()},
            "settings": ranked,
        }  # fmt: skip
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def check(
    engine: Engine,
    args: argparse.Namespace,
    grid: tuple[int, int],
    chosen: list[tuple[str, LabelledImage]],
) -> None:
    """Whether the sweep gives the generator's own masks, on the picture with the fewest objects of the sets."""
    values = {
        "pred_iou_thresh": 0.6,
        "stability_score_thresh": 0.9,
        "box_nms_thresh": 0.3,
        "crop_nms_thresh": 0.3,
    }
    item = min(chosen, key=lambda c: int(c[1].read().max()))[1]
    direct, _ = segmented(engine, item, settings(args, *grid, **values))
    loose, _ = segmented(engine, item, settings(args, *grid))
    swept = kept_masks(loose, pred_iou=0.6, stability=0.9, nms=0.3, crop_nms=0.3)
    same = np.array_equal(direct.boxes, swept.boxes) and np.array_equal(direct.runs, swept.runs)
    print(
        f"check on {item.name}: {len(direct)} masks by the generator, {len(swept)} by the sweep, equal: {same}"
    )


if __name__ == "__main__":
    main()
