"""Time samhq and the authors' library in turn: same image, same weights, same settings.

    python benchmarks/against_official.py --model vit_b --precision fp32 --survivors 0.3 --json FILE

Each side lives in a process of its own and waits while the others work. The official library computes in fp32
always; --precision is that of samhq, --also names further ones. Needs what parity.py needs. Official
architectures get random weights, for which all points or none would survive: the threshold of the predicted IoU is
set, alike on all sides, so that --survivors of the points do, and duplicates stay.

The official library runs a whole image once for the first of --survivors, with samhq's runs between its batches
of prompts. For the others its network is not run again (what survives changes nothing there): its own
post-processing is timed on the remembered masks and the network's time added.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import facts
from parity import ROOT, STARTER, import_official, official_model, spread_scores
from safetensors.torch import load_file

from samhq.network.checkpoint import load_model
from samhq.network.devices import choose_precision
from samhq.network.prompt_encoder import Prompts
from samhq.network.shortcuts import ALL, PLAIN, Shortcuts
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.settings import SegmentationSettings

BATCH = 64  # prompts at once, the default of both
SAME = 0.98  # IoU from which two masks count as the same


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result of a piece of work."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def picture(side: int) -> np.ndarray:
    """Dark and bright discs on a noisy gradient, (side, side, 3) uint8."""
    rng = np.random.default_rng(7)
    image = np.tile(np.linspace(120, 200, side), (side, 1))[..., None].repeat(3, axis=2)
    image += rng.normal(0, 6, image.shape)
    for _ in range(side // 8):
        centre = (int(rng.integers(0, side)), int(rng.integers(0, side)))
        cv2.circle(
            image,
            centre,
            int(rng.integers(side // 100 + 2, side // 16)),
            rng.uniform(20, 250, 3).tolist(),
            -1,
        )
    return image.clip(0, 255).astype(np.uint8)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ------------------------------------------------------------------ our side


class Ours:
    """samhq with one model, in a process of its own."""

    def __init__(self, path: Path, precision: str, side: int) -> None:
        self.dtype = choose_precision(precision, torch.device("cpu"))
        self.loaded = load_model(path, dtype=self.dtype)
        self.model = self.loaded.model
        self.image = picture(side)
        self.features = self.model.encode_image(self.image)

    def describe(self) -> dict[str, Any]:
        return {"precision": str(self.dtype).removeprefix("torch."), "peak_gflops": peak_gflops(self.dtype)}

    def scores(self, points_per_side: int) -> np.ndarray:
        """Predicted IoU of every point of the grid: (points,) fp32."""
        values = {"points_per_side": points_per_side, "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
        values |= {"box_nms_thresh": 1.0}
        return self._generator(values).generate(self.image).predicted_iou

    def encoder(self) -> float:
        return timed(lambda: self.model.encode_image(self.image))[0]

    def decoder(self, min_iou: float) -> float:
        """Milliseconds for each of one batch of points."""
        prompts = some_points(self.model.image_size)
        return timed(lambda: self.model.decode(self.features, prompts, min_iou=min_iou))[0] / BATCH * 1e3

    def whole(self, values: dict[str, Any], shortcuts: Shortcuts = ALL) -> dict[str, Any]:
        self.model.use(shortcuts)
        spent = {"encoder": 0.0, "decoder": 0.0}
        with (
            timing(self.model, "encode_image", spent, "encoder"),
            timing(self.model, "decode", spent, "decoder"),
        ):
            seconds, table = timed(lambda: self._generator(values).generate(self.image))
        self.model.use(ALL)
        masks = [np.packbits(table.mask(i)) for i in range(len(table))]
        rest = seconds - sum(spent.values())
        return {"seconds": seconds, **spent, "rest": rest, "masks": masks, "peak_mib": peak_mib()}

    def gmac(self, values: dict[str, Any]) -> float:
        """Multiply-accumulates of the whole image in 10^9, as PyTorch counts matrix products and convolutions."""
        from torch.utils.flop_counter import FlopCounterMode

        self.model.use(ALL.without("fused_gelu"))  # a kernel the counter does not know
        with FlopCounterMode(display=False) as counter:
            self._generator(values).generate(self.image)
        self.model.use(ALL)
        return counter.get_total_flops() / 2e9

    def _generator(self, values: dict[str, Any]) -> AutomaticMaskGenerator:
        return AutomaticMaskGenerator(self.loaded, SegmentationSettings(**values), points_per_batch=BATCH)


class timing:  # noqa: N801 - reads like a function
    """While open, adds the seconds a method takes to a dict."""

    def __init__(self, owner: Any, method: str, spent: dict[str, float], name: str) -> None:
        self.owner, self.method, self.spent, self.name = owner, method, spent, name

    def __enter__(self) -> None:
        inner = getattr(self.owner, self.method)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            seconds, result = timed(lambda: inner(*args, **kwargs))
            self.spent[self.name] += seconds
            return result

        object.__setattr__(self.owner, self.method, wrapped)

    def __exit__(self, *_: object) -> None:
        object.__delattr__(self.owner, self.method)


def some_points(image_size: int) -> Prompts:
    points = torch.rand(BATCH, 1, 2, generator=torch.Generator().manual_seed(3)) * image_size
    return Prompts(points=points, labels=torch.ones(BATCH, 1, dtype=torch.int64))


def peak_gflops(dtype: torch.dtype) -> float:
    """The best of some large matrix products: what this machine can do at most."""
    a, b = torch.randn(4096, 1024).to(dtype), torch.randn(1024, 4096).to(dtype)
    with torch.inference_mode():
        return max(2 * 4096 * 4096 * 1024 / timed(lambda: a @ b)[0] for _ in range(10)) / 1e9


# ------------------------------------------------------------------ their side


class Official:
    """The authors' library with the same weights, in a process of its own."""

    def __init__(self, model: str, path: Path, shared: Path, side: int) -> None:
        package = import_official(shared)
        if isinstance(package, str):
            raise SystemExit(package)
        self.package = package
        self.model = make_official(model, package)
        weights = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
        self.model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
        self.model.eval()  # once more: the official TinyViT caches its attention biases there
        self.image = picture(side)
        self.remembered: list[Any] = []
        self.network_s = 0.0

    def encoder(self) -> float:
        predictor = self.package.SamPredictor(self.model)
        seconds = timed(lambda: predictor.set_image(self.image))[0]
        self.predictor = predictor
        return seconds

    def decoder(self) -> float:
        prompts = some_points(self.model.image_encoder.img_size)
        with torch.no_grad():
            work = lambda: self.predictor.predict_torch(  # noqa: E731
                prompts.points, prompts.labels.int(), multimask_output=True, return_logits=True
            )
            return timed(work)[0] / BATCH * 1e3

    def whole(self, values: dict[str, Any], pause: Callable[[], None], *, again: bool) -> dict[str, Any]:
        """again: the network's results of the earlier call are taken, and its seconds added."""
        spent = {"encoder": 0.0, "decoder": 0.0}
        paused = 0.0
        generator = self.package.SamAutomaticMaskGenerator(self.model, points_per_batch=BATCH, **values)
        inner, decode, encode = (
            generator._process_batch,
            self.model.mask_decoder.forward,
            self.model.image_encoder.forward,
        )
        answers = iter(list(self.remembered))

        def batch(*args: Any, **kwargs: Any) -> Any:
            nonlocal paused
            paused += timed(pause)[0]
            return inner(*args, **kwargs)

        def network(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                if again:
                    return next(answers)
                seconds, result = timed(lambda: work(*args, **kwargs))
                spent[name] += seconds
                self.remembered.append(result)
                return result

            return run

        generator._process_batch = batch
        self.model.mask_decoder.forward = network("decoder", decode)
        self.model.image_encoder.forward = network("encoder", encode)
        try:
            seconds, records = timed(lambda: generator.generate(self.image))
        finally:
            self.model.mask_decoder.forward, self.model.image_encoder.forward = decode, encode
        seconds -= paused
        if again:
            seconds += sum(self.spent.values())
        else:
            self.spent = spent
        # A mask without pixels stays in the official library while its stability threshold is 0.
        masks = [np.packbits(r["segmentation"]) for r in records if r["area"] > 0]
        rest = seconds - sum(self.spent.values())
        return {"seconds": seconds, **self.spent, "rest": rest, "masks": masks, "peak_mib": peak_mib()}


def make_official(model: str, package: Any) -> Any:
    if model == "starter":
        return official_model(package, "vit_tiny", image_size=512)
    made = official_model(package, model)
    spread_scores(made)
    return made


# ------------------------------------------------------------------ two processes


def serve(connection: Connection, kind: str, arguments: dict[str, Any]) -> None:
    """One side: does what it is asked, one thing after the other."""
    side = Ours(**arguments) if kind == "ours" else Official(**arguments)
    connection.send("ready")
    while (asked := connection.recv()) is not None:
        method, values = asked
        if kind == "official" and method == "whole":

            def pause() -> None:
                connection.send("pause")
                connection.recv()

            values["pause"] = pause
        connection.send(getattr(side, method)(**values))


class Side:
    """The handle of a side's process."""

    def __init__(self, kind: str, **arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, kind, arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.connection.recv()

    def ask(self, method: str, *, at_pause: Callable[[], None] | None = None, **values: Any) -> Any:
        self.connection.send((method, values))
        while (answer := self.connection.recv()) == "pause" if at_pause else False:
            at_pause()
            self.connection.send("go on")
        return answer if at_pause else self.connection.recv()

    def close(self) -> None:
        self.connection.send(None)
        self.process.join()


# ------------------------------------------------------------------ what is compared


def settings_for(scores: np.ndarray, share: float, points_per_side: int) -> dict[str, Any]:
    """Settings under which this share of the points survives the predicted IoU, and nothing else drops any."""
    ordered = np.sort(scores)[::-1]
    keep = max(1, round(share * len(ordered)))
    limit = 0.0 if keep >= len(ordered) else float((ordered[keep - 1] + ordered[keep]) / 2)
    return {
        "points_per_side": points_per_side,
        "pred_iou_thresh": limit,
        "stability_score_thresh": 0.0,
        "stability_score_offset": 0.05,
        "box_nms_thresh": 1.0,
    }


def matched(ours: list[np.ndarray], theirs: list[np.ndarray]) -> int:
    """How many of their masks have one of ours with an IoU above SAME."""
    bits = np.array([[bin(i).count("1") for i in range(256)]], dtype=np.uint8)[0]
    free = list(range(len(ours)))
    count = 0
    for i, mask in enumerate(theirs):
        # The same place in the order first, then the others.
        for j in sorted(free, key=lambda j, i=i: abs(j - i)):
            either = int(bits[mask | ours[j]].sum())
            if either == 0 or int(bits[mask & ours[j]].sum()) / either > SAME:
                free.remove(j)
                count += 1
                break
    return count


def compare(given: argparse.Namespace, path: Path, shares: list[float]) -> dict[str, Any]:
    """Everything that is measured, by precision of our side."""
    kinds = [given.precision, *filter(None, given.also.split(","))]
    ours = {k: Side("ours", path=path, precision=k, side=given.side) for k in kinds}
    official = Side("official", model=given.model, path=path, shared=given.shared, side=given.side)
    about = {k: side.ask("describe") for k, side in ours.items()}
    scores = {k: side.ask("scores", points_per_side=given.points_per_side) for k, side in ours.items()}
    limit = float(np.quantile(scores[kinds[0]], 1 - shares[0])) if shares[0] < 1 else 0.0
    encoders: list[dict[str, float]] = []
    decoders: list[dict[str, float]] = []
    for _ in range(given.rounds):
        encoders.append(
            {k: s.ask("encoder") for k, s in ours.items()} | {"official": official.ask("encoder")}
        )
        decoder = {k: s.ask("decoder", min_iou=limit) for k, s in ours.items()}
        decoders.append(decoder | {"official": official.ask("decoder")})
        print(f"encoder s {encoders[-1]}, decoder ms a point {decoders[-1]}", flush=True)
    rows: dict[str, list[dict[str, Any]]] = {k: [] for k in kinds}
    for number, share in enumerate(shares):
        # The same thresholds for all: from the scores of the first precision.
        values = settings_for(scores[kinds[0]], share, given.points_per_side)
        found = whole_image(ours, official, values, given.rounds, again=number > 0)
        for k, row in found.items():
            rows[k].append({"survivors": share, **row})
            print(k, rows[k][-1], flush=True)
    values = settings_for(scores[kinds[0]], shares[0], given.points_per_side)
    for k, side in ours.items():
        gmac = side.ask("gmac", values=values)
        rows[k][0] |= {"gmac": gmac, "limit_s": 2 * gmac / about[k]["peak_gflops"]}
        if given.shortcuts:
            smaller = settings_for(
                side.ask("scores", points_per_side=given.points_per_side // 2),
                shares[0],
                given.points_per_side // 2,
            )
            rows[k][0]["shortcuts"] = shortcut_rows(side, smaller)
    for side in (*ours.values(), official):
        side.close()

    def result(k: str) -> dict[str, Any]:
        return {
            **about[k],
            "ratio_whole_image": rows[k][0]["ratio"],
            "ratio_encoder": statistics.median(pair["official"] / pair[k] for pair in encoders),
            "ratio_decoder": statistics.median(pair["official"] / pair[k] for pair in decoders),
            "masks_matched": rows[k][0]["masks_matched"],
            "encoder_s": statistics.median(pair[k] for pair in encoders),
            "decoder_ms_per_point": statistics.median(pair[k] for pair in decoders),
            "rows": rows[k],
        }

    return {
        "model": given.model,
        "image_px": given.side,
        "points": given.points_per_side**2,
        "official_encoder_s": statistics.median(pair["official"] for pair in encoders),
        "official_decoder_ms_per_point": statistics.median(pair["official"] for pair in decoders),
        **result(kinds[0]),
        "also": {k: result(k) for k in kinds[1:]},
        "machine": facts(),
    }


def whole_image(
    ours: dict[str, Side], official: Side, values: dict[str, Any], rounds: int, *, again: bool
) -> dict[str, dict[str, Any]]:
    mine: dict[str, list[dict[str, Any]]] = {k: [] for k in ours}
    batches = 0

    def one_of_each() -> None:
        for k, side in ours.items():
            mine[k].append(side.ask("whole", values=values))

    def at_pause() -> None:
        # The official run is long; ours are spread over it.
        nonlocal batches
        batches += 1
        if batches % 3 == 1 and len(mine[next(iter(ours))]) < rounds:
            one_of_each()

    theirs = official.ask("whole", values=values, again=again, at_pause=at_pause)
    while len(mine[next(iter(ours))]) < rounds:
        one_of_each()
    return {k: whole_image_row(runs, theirs, again=again) for k, runs in mine.items()}


def whole_image_row(mine: list[dict[str, Any]], theirs: dict[str, Any], *, again: bool) -> dict[str, Any]:
    middle = sorted(mine, key=lambda run: run["seconds"])[len(mine) // 2]
    parts = ("seconds", "encoder", "decoder", "rest", "peak_mib")
    return {
        "ours": {name: middle[name] for name in parts},
        "ours_seconds": [run["seconds"] for run in mine],
        "official": {name: theirs[name] for name in parts},
        "official_network_measured": not again,
        "ratio": statistics.median(theirs["seconds"] / run["seconds"] for run in mine),
        "ratio_memory": theirs["peak_mib"] / middle["peak_mib"],
        "masks_ours": len(middle["masks"]),
        "masks_official": len(theirs["masks"]),
        "masks_matched": matched(middle["masks"], theirs["masks"]),
    }


def shortcut_rows(ours: Side, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Whole image with one shortcut switched off at a time, in turn with all of them; half as many points a side."""
    kinds = {name: ALL.without(name) for name in Shortcuts.names()} | {"none of them": PLAIN}
    rows = []
    for name, shortcuts in kinds.items():
        pairs = [
            (
                ours.ask("whole", values=values)["seconds"],
                ours.ask("whole", values=values, shortcuts=shortcuts)["seconds"],
            )
            for _ in range(2)
        ]
        rows.append({"without": name, "slower": statistics.median(b / a for a, b in pairs)})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Alternate the two and write medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="starter")
    parser.add_argument("--precision", choices=("fp32", "bf16", "auto"), default="fp32")
    parser.add_argument("--also", default="", help="further precisions of samhq, measured in the same run")
    parser.add_argument("--survivors", default="0.3", help="shares of the points, the first is the main one")
    parser.add_argument("--points-per-side", type=int, default=32)
    parser.add_argument("--side", type=int, default=1024, help="of the picture in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-shortcuts", dest="shortcuts", action="store_false")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    )
    given = parser.parse_args()
    package = import_official(given.shared)
    if isinstance(package, str):
        raise SystemExit(package)
    shares = [float(share) for share in given.survivors.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        path = STARTER
        if given.model != "starter":
            path = Path(folder) / f"{given.model}.pth"
            torch.save(make_official(given.model, package).state_dict(), path)
        result = compare(given, path, shares)
    text = json.dumps(result, indent=1)
    print(text)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
