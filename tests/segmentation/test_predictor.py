from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_fixtures import discs
from samhq.network.checkpoint import LoadedModel
from samhq.segmentation.predictor import Predictor


@pytest.fixture(scope="module")
def predictor(starter: LoadedModel) -> Predictor:
    made = Predictor(starter)
    made.set_image(discs())
    return made


def test_a_box_around_a_disc_gives_the_disc(predictor: Predictor) -> None:
    found = predictor.predict(box=[64, 44, 96, 76])
    assert found.masks.shape == (1, 120, 160)
    assert found.masks.dtype == np.bool_
    assert found.predicted_iou.shape == (1,)
    assert found.low_res_logits.shape == (1, 128, 128)
    disc = np.zeros((120, 160), dtype=np.bool_)
    disc[46:75, 66:95] = True
    inside = np.count_nonzero(found.masks[0] & disc)
    assert inside > 0.5 * np.count_nonzero(disc)
    assert inside > 0.8 * np.count_nonzero(found.masks[0])


def test_every_kind_of_prompt_and_option_changes_the_answer(predictor: Predictor) -> None:
    box: dict[str, Any] = {"box": [64, 44, 96, 76]}
    point: dict[str, Any] = {"points": [[80, 60]], "point_labels": [1]}
    first = predictor.predict(**box)
    answers = [
        first,
        predictor.predict(**point),
        predictor.predict(points=[[80, 60]], point_labels=[0]),
        predictor.predict(**point, **box),
        predictor.predict(**box, mask_input=first.low_res_logits),
        predictor.predict(mask_input=first.low_res_logits),
        predictor.predict(**box, multimask_output=True),
        predictor.predict(**box, hq_token_only=True),
    ]
    for i, a in enumerate(answers):
        for b in answers[:i]:
            assert np.abs(a.low_res_logits - b.low_res_logits).max() > 1e-2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({}, "needs a prompt"),
        ({"points": [[1, 2]]}, "without point_labels"),
        ({"point_labels": [1]}, "without points"),
        ({"points": [1, 2], "point_labels": [1]}, r"points has shape \(2,\)"),
        ({"points": np.zeros((0, 2)), "point_labels": []}, "at least one point"),
        ({"points": [[1, 2]], "point_labels": [1, 0]}, "must be 1 values of 0 or 1"),
        ({"points": [[1, 2]], "point_labels": [2]}, "must be 1 values of 0 or 1"),
        ({"points": [[1, np.nan]], "point_labels": [1]}, "points holds a value that is infinite"),
        ({"points": "ab", "point_labels": [1]}, "points must be numbers"),
        ({"box": [1, 2, 3]}, "box must be"),
        ({"box": [5, 2, 3, 9]}, "box must be"),
        ({"mask_input": np.zeros((1, 9, 9))}, r"expected \(1, 128, 128\)"),
    ],
)
def test_arguments_that_make_no_sense_are_named(
    predictor: Predictor, arguments: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        predictor.predict(**arguments)


def test_without_an_image_there_is_no_answer(starter: LoadedModel) -> None:
    with pytest.raises(RuntimeError, match="set_image first"):
        Predictor(starter).predict(box=[1, 1, 2, 2])
