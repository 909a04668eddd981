"""Answers of the official library, stored so that parity is guarded where it is not installed.

Made by: python tests/golden.py
The picture is a crop of a CC0 nuclei image of the 2018 Data Science Bowl.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from reference import import_official, official_model

ROOT = Path(__file__).resolve().parents[1]
PATH = Path(__file__).parent / "data" / "official_starter.npz"
STARTER = ROOT / "src" / "samhq" / "models" / "starter.safetensors"
SOURCE = Path("data") / "nuclei" / "val" / "images" / "10328b822b83.png"

_LOW = {"pred_iou_thresh": 0.3, "stability_score_thresh": 0.6, "box_nms_thresh": 0.7}
CASES: dict[str, dict[str, Any]] = {
    "whole": {**_LOW, "points_per_side": 10},
    "crops": {
        **_LOW,
        "points_per_side": 5,
        "crop_n_layers": 1,
        "min_mask_region_area": 150,
    },
}


def official_answers(
    official: ModuleType, image: npt.NDArray[np.uint8], *, cases: dict[str, dict[str, Any]]
) -> dict[str, npt.NDArray[Any]]:
    """What the reference library finds with the starter model: arrays under "<case>/<column>"."""
    from safetensors.torch import load_file

    model = official_model(official, "vit_tiny", image_size=512)
    model.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in load_file(STARTER).items()}
    )
    model.eval()
    answers: dict[str, npt.NDArray[Any]] = {}
    for name, settings in cases.items():
        found = official.SamAutomaticMaskGenerator(model, **settings).generate(image)
        for column in ("predicted_iou", "stability_score", "area", "bbox", "crop_box"):
            answers[f"{name}/{column}"] = np.array([record[column] for record in found])
        answers[f"{name}/point"] = np.array([record["point_coords"][0] for record in found])
    predictor = official.SamPredictor(model)
    predictor.set_image(image)
    answers["embedding"] = predictor.features[0, ::32, ::8, ::8].numpy()
    _, answers["box/iou"], logits = predictor.predict(box=np.array([20, 20, 60, 60]), multimask_output=False)
    answers["box/logits"] = logits[0, ::8, ::8]
    return answers


def main() -> None:
    import cv2

    shared = Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    official = import_official(shared)
    if isinstance(official, str):
        raise SystemExit(official)
    data = np.frombuffer((shared / SOURCE).read_bytes(), dtype=np.uint8)
    gray = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)[:224])
    answers = official_answers(official, np.stack([gray] * 3, axis=2), cases=CASES)
    PATH.parent.mkdir(exist_ok=True)
    np.savez_compressed(PATH, gray=gray, **answers)


if __name__ == "__main__":
    main()
