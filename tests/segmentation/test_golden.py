"""The starter model gives the answers that the official library gave."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from golden import CASES, PATH, official_answers
from samhq.network.checkpoint import LoadedModel
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.segmentation.predictor import Predictor
from samhq.segmentation.records import records
from samhq.settings import SegmentationSettings

Golden = dict[str, npt.NDArray[Any]]


@pytest.fixture(scope="module")
def golden() -> Golden:
    with np.load(PATH) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def image(golden: Golden) -> npt.NDArray[np.uint8]:
    return np.stack([golden["gray"]] * 3, axis=2)


@pytest.mark.parametrize("case", list(CASES))
def test_the_generator_finds_the_official_masks_in_their_order(
    starter: LoadedModel, golden: Golden, image: npt.NDArray[np.uint8], case: str
) -> None:
    table = AutomaticMaskGenerator(starter, SegmentationSettings(**CASES[case])).generate(image)
    found = records(table, "uncompressed_rle")
    assert len(found) == len(golden[f"{case}/area"]) >= 5
    for column in ("bbox", "crop_box"):
        np.testing.assert_array_equal([r[column] for r in found], golden[f"{case}/{column}"])
    np.testing.assert_allclose([r["point_coords"][0] for r in found], golden[f"{case}/point"])
    for column in ("predicted_iou", "stability_score"):
        np.testing.assert_allclose([r[column] for r in found], golden[f"{case}/{column}"], atol=1e-3)
    # Another processor may round one pixel at the zero crossing to the other side.
    np.testing.assert_allclose([r["area"] for r in found], golden[f"{case}/area"], atol=2)


def test_the_predictor_gives_the_official_logits(
    starter: LoadedModel, golden: Golden, image: npt.NDArray[np.uint8]
) -> None:
    predictor = Predictor(starter)
    predictor.set_image(image)
    prediction = predictor.predict(box=[20, 20, 60, 60])
    expected = golden["box/logits"]
    np.testing.assert_allclose(prediction.predicted_iou, golden["box/iou"], atol=1e-4)
    logits = prediction.low_res_logits[0, ::8, ::8]
    np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max())


def test_the_encoder_gives_the_official_embedding(
    starter: LoadedModel, golden: Golden, image: npt.NDArray[np.uint8]
) -> None:
    embedding = starter.model.encode_image(image).embedding[0, ::32, ::8, ::8].numpy()
    np.testing.assert_allclose(embedding, golden["embedding"], atol=1e-4 * np.abs(golden["embedding"]).max())


def test_the_stored_answers_are_those_of_the_library(
    official: ModuleType, golden: Golden, image: npt.NDArray[np.uint8]
) -> None:
    for name, answer in official_answers(official, image, cases={}).items():
        np.testing.assert_allclose(golden[name], answer, atol=1e-3, err_msg=name)
