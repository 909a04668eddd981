"""Evaluation from end to end: a small labelled set, the starter at few points, the product's own run."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from samhq import api
from samhq.cli import main
from samhq.errors import ImageReadError, SettingsError, StoreError
from samhq.evaluation.evaluate import BASELINE, Contender, Evaluation, judge
from samhq.evaluation.pictures import FOUND_COLOR, LABEL_COLOR, WRONG_COLOR, overlay
from samhq.images import read_image
from samhq.labels import find_sets
from samhq.settings import Settings

FAST = ["--points-per-side", "5"]


def discs(*places, shape=(90, 120)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.uint16)
    for number, (a, b, radius) in enumerate(places, start=1):
        labels[np.hypot(y - b, x - a) <= radius] = number
    return labels


PICTURES = {
    "dark/one": (discs((25, 25, 13), (80, 30, 15), (50, 68, 12)), 200, 50),
    "dark/two": (discs((30, 45, 16), (85, 45, 14)), 190, 60),
    "bright/three": (discs((25, 30, 14), (85, 60, 16)), 25, 170),
}


def png(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", array)[1].tobytes())


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two sets, dark and bright discs, each with a split val."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(5)
    for name, (labels, ground, objects) in PICTURES.items():
        owner, stem = name.split("/")
        gray = np.clip(np.where(labels > 0, objects, ground) + rng.normal(0, 4, labels.shape), 0, 255)
        png(folder / owner / "val" / "images" / f"{stem}.png", gray.astype(np.uint8))
        png(folder / owner / "val" / "labels" / f"{stem}.png", labels)
    (folder / "dark" / "val" / "index.csv").write_text("id,kind\none,three\ntwo,two\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(data) -> Evaluation:
    return api.evaluate("starter", data, points_per_side=5)


def row(evaluation, name, contender, level="set"):
    (only,) = [r for r in evaluation.rows() if (r.level, r.name, r.contender) == (level, name, contender)]
    return only.score


def test_the_starter_finds_plain_discs(found):
    score = row(found, "dark", "starter")
    assert (score.images, score.labelled) == (2, 5)
    assert score.ap50 > 0.5
    assert score.boundary_f > 0.5
    assert score.area_error < 0.2


def test_the_classical_method_stands_beside_it(found):
    assert row(found, "dark", BASELINE).ap50 == row(found, "bright", BASELINE).ap50 == 1
    facts = found.contenders[-1].facts
    assert set(facts["objects"]) == {"dark", "bright"}


def test_rows_hold_sets_kinds_all_images_and_the_mean_of_sets(found):
    shape = [(r.level, r.name) for r in found.rows() if r.contender == BASELINE]
    assert shape == [
        ("set", "bright"),
        ("set", "dark"),
        ("kind", "three"),
        ("kind", "two"),
        ("all", "all images"),
        ("mean", "mean of the sets"),
    ]
    sets = [row(found, name, "starter").ap50 for name in ("bright", "dark")]
    assert row(found, "mean of the sets", "starter", "mean").ap50 == pytest.approx(np.mean(sets))
    images = [c.score.ap[0] for c in found.contenders[0].cases]
    assert row(found, "all images", "starter", "all").ap50 == pytest.approx(np.mean(images))


def test_the_run_of_the_product_gives_the_same_numbers(data, found, tmp_path):
    again = api.evaluate("starter", data, points_per_side=5, objects=None, through_run=tmp_path)
    ours = [c.found() > 0 for c in found.contenders[0].cases]
    theirs = [c.found() > 0 for c in again.contenders[0].cases]
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    for name in ("dark", "bright"):
        assert row(again, name, "starter") == row(found, name, "starter")
    runs = sorted(tmp_path.rglob("*_SAM_HQ_Run"))
    assert len(runs) == 2
    # A finished run is judged without a model, and by the content of its pictures.
    by_run = api.evaluate(runs[1], data / "dark", objects=None)
    assert row(by_run, "dark", by_run.contenders[0].name) == row(found, "dark", "starter")
    with pytest.raises(StoreError, match=r"holds no finished image three\.png; run samhq on"):
        api.evaluate(runs[1], data, objects=None)


def test_a_part_of_a_set_goes_through_a_run_of_its_own(data, tmp_path):
    evaluation = api.evaluate(
        "starter", data, sets=["dark"], limit=1, points_per_side=3, through_run=tmp_path, objects=None
    )
    assert [c.item.name for c in evaluation.contenders[0].cases] == ["one.png"]
    (copies,) = tmp_path.glob("starter-*/dark/pictures-????????")
    assert [p.name for p in copies.iterdir()] == ["one.png"]


def test_filters_drop_objects_before_they_are_judged(data):
    evaluation = api.evaluate("starter", data, sets=["dark"], points_per_side=3, min_area=5000, objects=None)
    assert row(evaluation, "dark", "starter").found == 0


def test_incomplete_sets_report_both_numbers(data):
    (owner,) = find_sets(data / "dark", split="val", incomplete=["dark"])
    (item, _) = owner.images
    image = read_image(item.image, Settings().image)
    truth = item.read()
    extra = truth.copy()
    extra[80:88, 100:118] = truth.max() + 1
    case = judge(item, image, extra, owner=owner)
    assert (case.score.ap[0], case.strict.ap[0]) == (1, 3 / 4)
    evaluation = Evaluation((replace(owner, images=(item,)),), (Contender("mine", (case,), {}),), Settings())
    levels = {r.level: r.score.ap50 for r in evaluation.rows()}
    assert levels == {"set": 1, "strict": 3 / 4}
    other = replace(owner, name="other", incomplete=False)
    two = Evaluation(
        (replace(owner, images=(item,)), replace(other, images=(item,))),
        (Contender("mine", (case, judge(item, image, truth, owner=other)), {}),),
        Settings(),
    )
    strict = {r.name: r.score.ap50 for r in two.rows() if r.level == "strict"}
    assert strict == {
        "all found counted": 3 / 4,
        "all images, all found counted": 7 / 8,
        "mean of the sets, all found counted": 7 / 8,
    }
    assert "Labels leave objects out" in evaluation.to_markdown()
    (entry,) = evaluation.to_dict()["images"]
    assert (entry["ap50"], entry["strict_ap50"], entry["strict_found"]) == (1, 3 / 4, 4)


def test_everything_is_written(found, tmp_path):
    files = found.write(tmp_path, worst=2, each=1)
    assert {p.name for p in files} >= {"evaluation.json", "evaluation.md", "contact_sheet_1.png"}
    assert len([p for p in files if p.name.startswith("worst_")]) == 2
    told = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert len(told["images"]) == 2 * len(PICTURES)
    assert told["contenders"][0]["segmentation"]["points_per_side"] == 5
    assert "NaN" not in (tmp_path / "evaluation.json").read_text(encoding="utf-8")
    table = (tmp_path / "evaluation.md").read_text(encoding="utf-8").splitlines()
    assert len({line.count("|") for line in table if line.startswith("|")}) == 1


def test_an_overlay_shows_labels_hits_and_errors_in_their_colours():
    truth = discs((25, 25, 13), (80, 30, 15)).astype(np.int32)
    wrong = np.where(truth == 1, 1, 0).astype(np.int32)
    wrong[70:80, 100:110] = 2
    drawn = overlay(np.full((90, 120, 3), 128, np.uint8), truth, wrong)
    assert drawn.shape[0] % 90 == 0
    colours = {tuple(c) for c in drawn.reshape(-1, 3).tolist()}
    assert colours >= {LABEL_COLOR, FOUND_COLOR, WRONG_COLOR}


# -------------------------------------------------------------------- the command


def test_the_command_prints_a_table_and_writes_json(data, tmp_path, capsys):
    target = tmp_path / "numbers.json"
    code = main(["evaluate", "starter", str(data), "--set", "dark", "-q", "--json", str(target), *FAST])
    shown = capsys.readouterr().out
    assert code == 0
    assert "AP50" in shown
    assert BASELINE in shown
    assert json.loads(target.read_text(encoding="utf-8"))["sets"][0]["name"] == "dark"


def test_the_command_prints_one_object(data, capsys):
    code = main(["evaluate", "starter", str(data), "--set", "bright", "--objects", "none", *FAST, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [c["name"] for c in told["contenders"]] == ["starter"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["starter", "{data}", "--through-run"], 2, "--through-run: needs a folder"),
        (["starter", "{data}", "--set", "nothing"], 1, "has no set nothing; it has bright, dark"),
        (["starter", "{data}/nowhere"], 1, "there is no such folder"),
        (["nobody", "{data}"], 1, "nobody"),
    ],
)
def test_faults_are_named(data, capsys, arguments, code, told):
    assert main(["evaluate", *[a.format(data=data) for a in arguments]]) == code
    assert told in capsys.readouterr().err


def test_a_bad_label_is_told_before_the_model_is_loaded(tmp_path, monkeypatch):
    png(tmp_path / "images" / "x.png", np.full((20, 30), 99, np.uint8))
    png(tmp_path / "labels" / "x.png", np.ones((20, 31), np.uint8))
    monkeypatch.setattr("samhq.evaluation.evaluate.load_engine", lambda *_, **__: pytest.fail("was loaded"))
    with pytest.raises(ImageReadError, match=r"x\.png: labels of 31 x 20 pixels"):
        api.evaluate("starter", tmp_path)
    with pytest.raises(SettingsError, match="limit is 0"):
        api.evaluate("starter", tmp_path, limit=0)
