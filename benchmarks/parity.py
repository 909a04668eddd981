"""Compare samhq with the authors' SAM-HQ library, stage by stage and setting by setting.

    python benchmarks/parity.py --models vit_tiny,starter --json benchmarks/results/parity.json

Needs segment-anything-hq, and torchvision and timm or the shared stand-ins (see tests/reference.py).
Official architectures get random weights, which are saved as a .pth file and loaded by samhq's own
loader; thresholds are chosen so that some masks survive, alike on both sides.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reference import import_official, official_model
from samhq.network.checkpoint import LoadedModel, load_model
from samhq.network.prompt_encoder import Prompts
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.segmentation.predictor import Predictor
from samhq.segmentation.records import records
from samhq.settings import SegmentationSettings

STARTER = ROOT / "src" / "samhq" / "models" / "starter.safetensors"
TOLERANCE = 1e-4  # scores this close to a threshold may fall on either side of it
MODES = ("binary_mask", "uncompressed_rle", "coco_rle")


@dataclasses.dataclass
class Pair:
    """The same weights on both sides."""

    name: str
    ours: LoadedModel
    official: Any
    image: np.ndarray
    side: int  # points per side
    crops: bool  # whether settings with crop layers are compared too


class Memo(torch.nn.Module):
    """An encoder that remembers its answers, so that many settings cost one encoding of each crop."""

    def __init__(self, encoder: torch.nn.Module, img_size: int) -> None:
        super().__init__()
        self.inner, self.img_size, self.answers = encoder, img_size, {}

    def forward(self, pixels: torch.Tensor) -> Any:
        key = hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()
        if key not in self.answers:
            self.answers[key] = self.inner(pixels)
        return self.answers[key]


def make_pair(name: str, package: Any, folder: Path, shared: Path) -> Pair:
    if name == "starter":
        official = official_model(package, "vit_tiny", image_size=512)
        official.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in load_file(STARTER).items()}, strict=True
        )
        # Once more: the official TinyViT caches its attention biases there.
        return Pair(name, load_model(STARTER), official.eval(), nuclei(shared), 16, crops=True)
    official = official_model(package, name)
    spread_scores(official)
    path = folder / f"{name}.pth"
    torch.save(official.state_dict(), path)
    loaded = load_model(path)
    path.unlink()
    small = name in ("vit_tiny", "vit_b")
    return Pair(name, loaded, official, synthetic(), 6 if small else 4, crops=small)


def spread_scores(model: Any) -> None:
    """Predicted IoUs of random weights around 0.5 instead of around 0, where no threshold can cut."""
    with torch.no_grad():
        last = model.mask_decoder.iou_prediction_head.layers[-1]
        last.weight.mul_(4)
        last.bias.fill_(0.5)


def synthetic() -> np.ndarray:
    """Dark and bright discs on a noisy gradient, (300, 400, 3) uint8."""
    rng = np.random.default_rng(7)
    image = np.tile(np.linspace(120, 200, 400), (300, 1))[..., None].repeat(3, axis=2)
    image += rng.normal(0, 6, image.shape)
    for _ in range(25):
        centre = (int(rng.integers(0, 400)), int(rng.integers(0, 300)))
        cv2.circle(image, centre, int(rng.integers(8, 40)), rng.uniform(20, 250, 3).tolist(), -1)
    return image.clip(0, 255).astype(np.uint8)


def nuclei(shared: Path) -> np.ndarray:
    folder = shared / "data" / "nuclei" / "val" / "images"
    paths = sorted(folder.glob("*.png"))
    if not paths:
        return synthetic()
    data = np.frombuffer(paths[0].read_bytes(), dtype=np.uint8)
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def compare(a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
    """Largest difference, and the same as a part of the largest value of the reference."""
    difference = float((a.float() - b.float()).abs().max())
    return {"max_abs": difference, "max_rel": difference / max(float(b.float().abs().max()), 1e-12)}


def encoder_and_decoder(pair: Pair) -> Iterator[dict[str, Any]]:
    model = pair.ours.model
    with torch.inference_mode():
        features = model.encode_image(pair.image)
        predictor = official_predictor(pair)
        row = compare(features.embedding, predictor.features)
        yield {"stage": "encoder", "case": "embedding", **row}
        generator = torch.Generator().manual_seed(1)
        size = model.image_size
        points = torch.rand(6, 2, 2, generator=generator, dtype=torch.float64) * size
        labels = torch.tensor([[1, 0]] * 6)
        boxes = torch.rand(6, 4, generator=generator) * size
        masks = torch.randn(6, 1, size // 4, size // 4, generator=generator)
        cases = {
            "points": {"points": points, "labels": labels},
            "boxes": {"boxes": boxes},
            "points+boxes+masks": {"points": points, "labels": labels, "boxes": boxes, "masks": masks},
        }
        for name, given in cases.items():
            for multimask, hq_only in ((True, False), (False, False), (True, True)):
                with torch.no_grad():
                    _, iou, low = predictor.predict_torch(
                        given.get("points"),
                        given.get("labels"),
                        given.get("boxes"),
                        given.get("masks"),
                        multimask_output=multimask,
                        hq_token_only=hq_only,
                        return_logits=True,
                    )
                decoded = model.decode(features, Prompts(**given), best_of_three=multimask, hq_only=hq_only)
                row = compare(decoded.logits, low[:, 0])
                row["iou_abs"] = compare(decoded.predicted_iou, iou[:, 0])["max_abs"]
                case = f"{name} multimask={int(multimask)} hq_only={int(hq_only)}"
                yield {"stage": "decoder", "case": case, **row}


def official_predictor(pair: Pair) -> Any:
    from segment_anything_hq import SamPredictor

    predictor = SamPredictor(pair.official)
    predictor.set_image(pair.image)
    return predictor


def predictor_rows(pair: Pair) -> Iterator[dict[str, Any]]:
    theirs = official_predictor(pair)
    ours = Predictor(pair.ours)
    ours.set_image(pair.image)
    height, width = pair.image.shape[:2]
    place = np.array([[width * 0.4, height * 0.5], [width * 0.7, height * 0.2]])
    cases: dict[str, dict[str, Any]] = {
        "two points": {"points": place, "point_labels": np.array([1, 0])},
        "box": {"box": np.array([width * 0.2, height * 0.3, width * 0.6, height * 0.8])},
    }
    cases["point+box+mask"] = {**cases["box"], "points": place[:1], "point_labels": np.array([1])}
    for name, given in cases.items():
        for multimask in (True, False):
            if name == "point+box+mask":
                given["mask_input"] = ours.predict(**cases["box"]).low_res_logits
            renamed = {("point_coords" if k == "points" else k): v for k, v in given.items()}
            masks, iou, low = theirs.predict(**renamed, multimask_output=multimask)
            found = ours.predict(**given, multimask_output=multimask)
            yield {
                "stage": "predictor",
                "case": f"{name} multimask={int(multimask)}",
                **compare(torch.from_numpy(found.low_res_logits), torch.from_numpy(low)),
                "iou_abs": float(np.abs(found.predicted_iou - iou).max()),
                "pixels_different": int((found.masks != masks).sum()),
            }


def settings_grid(pair: Pair) -> dict[str, dict[str, Any]]:
    """Settings that let some masks through, found from the scores of this model on this image."""
    base = {"points_per_side": pair.side, "stability_score_offset": 1.0 if pair.name == "starter" else 0.05}
    loose = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "box_nms_thresh": 1.0}
    table = AutomaticMaskGenerator(pair.ours, SegmentationSettings(**base, **loose)).generate(pair.image)
    iou, stable = table.predicted_iou, table.stability_score
    cut = {
        "pred_iou_thresh": float(np.clip(np.quantile(iou, 0.4).round(3), 0.001, 1)),
        "stability_score_thresh": float(np.clip(np.quantile(stable, 0.4).round(3), 0.001, 1)),
    }
    # Random weights draw masks all over the image: suppression would leave one of them.
    cut["box_nms_thresh"] = 0.9 if pair.name == "starter" else 1.0
    grid = {
        "everything": base | loose | {"stability_score_thresh": 1e-6},
        "thresholds": base | cut,
        "suppression": base | loose | {"stability_score_thresh": 1e-6, "box_nms_thresh": 0.7},
        "min region": base | cut | {"min_mask_region_area": 150, "crop_nms_thresh": 1.0},
        "point grids": base
        | loose
        | {
            "stability_score_thresh": 1e-6,
            "points_per_side": None,
            "point_grids": [[(0.3, 0.4), (0.8, 0.2)]],
        },
    }
    if pair.crops:
        grid["one crop layer"] = base | cut | {"crop_n_layers": 1, "crop_n_points_downscale_factor": 2}
        grid["crops, min region"] = grid["one crop layer"] | {
            "min_mask_region_area": 80,
            "crop_nms_thresh": 0.5,
        }
    if pair.name == "starter":
        grid["recommended"] = dict(pair.ours.info.recommended)
        grid["two crop layers"] = grid["one crop layer"] | {"crop_n_layers": 2, "points_per_side": 8}
    return grid


def generator_rows(pair: Pair) -> Iterator[dict[str, Any]]:
    from segment_anything_hq import SamAutomaticMaskGenerator

    for name, values in settings_grid(pair).items():
        settings = SegmentationSettings(**values)
        table = AutomaticMaskGenerator(pair.ours, settings).generate(pair.image)
        arguments = dict(values)
        if arguments.get("point_grids"):
            arguments["point_grids"] = [np.array(g) for g in arguments["point_grids"]]
        modes = MODES if pair.crops and name == "min region" else MODES[:1]
        for mode in modes:
            theirs = SamAutomaticMaskGenerator(pair.official, **arguments, output_mode=mode).generate(
                pair.image
            )
            ours = records(table, mode)
            row = (
                compare_masks(ours, theirs, settings)
                if mode == "binary_mask"
                else compare_codes(ours, theirs)
            )
            yield {"stage": "generator", "case": f"{name}, {mode}", **row}


def compare_codes(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, Any]:
    equal = len(ours) == len(theirs) and all(
        a["segmentation"] == b["segmentation"] for a, b in zip(ours, theirs, strict=False)
    )
    keys = all(sorted(a) == sorted(b) for a, b in zip(ours, theirs, strict=False))
    return {"ours": len(ours), "official": len(theirs), "identical": equal, "same_keys": keys}


def compare_masks(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], settings: SegmentationSettings
) -> dict[str, Any]:
    free = list(range(len(theirs)))
    different, pairs = 0, []
    for i, record in enumerate(ours):
        match = next((j for j in free if mask_iou(record, theirs[j]) > 0.99), None)
        if match is not None:
            free.remove(match)
            pairs.append((i, match))
            different += int((record["segmentation"] != theirs[match]["segmentation"]).sum())
    lonely = [theirs[j] for j in free] + [r for i, r in enumerate(ours) if i not in {p[0] for p in pairs}]
    return {
        "ours": len(ours),
        "official": len(theirs),
        "matched": len(pairs),
        "same_order": all(i == j for i, j in pairs) and len(ours) == len(theirs),
        "pixels_different": different,
        "unexplained": sum(not near_threshold(r, settings) for r in lonely),
        "same_boxes": sum(ours[i]["bbox"] == theirs[j]["bbox"] for i, j in pairs),
        "score_abs": max(
            [abs(ours[i][k] - theirs[j][k]) for i, j in pairs for k in ("predicted_iou", "stability_score")],
            default=0.0,
        ),
    }


def mask_iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    both = np.count_nonzero(a["segmentation"] & b["segmentation"])
    return both / max(1, a["area"] + b["area"] - both)


def near_threshold(record: dict[str, Any], settings: SegmentationSettings) -> bool:
    return (
        abs(record["predicted_iou"] - settings.pred_iou_thresh) < TOLERANCE
        or abs(record["stability_score"] - settings.stability_score_thresh) < TOLERANCE
    )


def show(name: str, row: dict[str, Any]) -> str:
    parts = [f"{name:9s} {row['stage']:10s} {row['case']:44s}"]
    for key, value in row.items():
        if key in ("stage", "case"):
            continue
        parts.append(f"{key}={value:.1e}" if isinstance(value, float) else f"{key}={value}")
    return "  ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="vit_tiny,vit_b,vit_l,vit_h,starter")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    )
    given = parser.parse_args()
    package = import_official(given.shared)
    if isinstance(package, str):
        raise SystemExit(package)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.models.split(","):
            pair = make_pair(name, package, Path(folder), given.shared)
            size = pair.ours.model.image_size
            pair.ours.model.image_encoder = Memo(pair.ours.model.image_encoder, size)
            pair.official.image_encoder = Memo(pair.official.image_encoder, size)
            for stage in (encoder_and_decoder, predictor_rows, generator_rows):
                for row in stage(pair):
                    rows.append({"model": name, **row})
                    print(show(name, row), flush=True)
            if given.json:
                write(given.json, rows)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    machine = {
        "torch": torch.__version__,
        "device": "cpu",
        "precision": "fp32",
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
