"""A plan says what the run then does, and leaves no trace."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from samhq import api
from samhq.batch import Model, run_batch
from samhq.errors import CheckpointError, ImageReadError, StoreError
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.planning import RunPlan, plan_batch, segment_key
from samhq.settings import SegmentationSettings, Settings, settings_from_dict
from samhq.store import RUN_FILE, RunStore

SETTINGS = Settings()


def model(sha256: str = "a" * 64, *, stop_at: int = 99) -> Model:
    calls = []

    def segment(rgb, monitor):
        calls.append(1)
        if len(calls) >= stop_at:
            raise Cancelled
        dark = (rgb.mean(axis=2) < 128).astype(np.uint8)
        return MaskTable.from_labels(cv2.connectedComponents(dark)[1])

    return Model("threshold", "none", sha256, 1, load=lambda settings, monitor: segment)


@pytest.fixture
def slides(tmp_path) -> Path:
    folder = tmp_path / "slides"
    (folder / "deep").mkdir(parents=True)
    for number in range(5):
        picture = np.full((40, 50), 250 - number, np.uint8)
        picture[5:20, 5 : 10 + number] = 30
        (folder / "deep" / f"{number}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    tifffile.imwrite(folder / "stack.tif", np.full((3, 20, 20), 200, np.uint8), photometric="minisblack")
    (folder / "notes.vsi").write_text("another kind", encoding="utf-8")
    return folder


def folder_of(slides: Path) -> Path:
    return slides.parent / "run"


def plan(slides: Path, settings: Settings = SETTINGS, *, sha256: str = "a" * 64) -> RunPlan:
    return plan_batch(slides, folder_of(slides), settings=settings, model=model(sha256))


def start(slides: Path, settings: Settings = SETTINGS, *, sha256: str = "a" * 64, stop_at: int = 99):
    return run_batch(slides, folder_of(slides), settings=settings, model=model(sha256, stop_at=stop_at))


def everything(root: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in root.rglob("*")}


def touch_later(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def test_before_the_first_start_everything_waits(slides):
    before = everything(slides.parent)
    planned = plan(slides)
    assert everything(slides.parent) == before
    assert (planned.images, planned.pages, planned.waiting, planned.done) == (6, 6, 6, 0)
    assert [path for path, _ in planned.skipped] == ["notes.vsi"]
    assert planned.notices == (f"passed over notes.vsi: {planned.skipped[0][1]}",)
    assert planned.needed_bytes > 0
    assert planned.free_bytes == pytest.approx(shutil.disk_usage(slides).free, rel=0.05)


def test_pages_are_counted_where_all_are_wanted(slides):
    planned = plan(slides, settings_from_dict({"image": {"page": "all"}}))
    assert (planned.images, planned.pages) == (6, 8)


def test_after_a_start_only_what_is_left_waits(slides):
    with pytest.raises(Cancelled):
        start(slides, stop_at=3)
    before = everything(slides.parent)
    planned = plan(slides)
    assert everything(slides.parent) == before
    assert (planned.waiting, planned.done) == (4, 2)
    report = start(slides)
    assert (report.skipped, report.segmented + len(report.failed)) == (2, 4)


@pytest.mark.parametrize(
    "change",
    [
        lambda slides: None,
        lambda slides: (slides / "deep" / "0.png").unlink(),
        lambda slides: touch_later(slides / "deep" / "1.png"),
        lambda slides: shutil.copy2(slides / "deep" / "1.png", slides / "deep" / "copy.png"),
        lambda slides: (slides / "deep" / "2.png").write_text("no picture", encoding="utf-8"),
    ],
)
@pytest.mark.parametrize(
    ("values", "sha256"),
    [
        ({}, "a" * 64),
        ({}, "b" * 64),
        ({"segmentation": {"points_per_side": 7}}, "a" * 64),
        ({"image": {"page": "all"}}, "a" * 64),
        ({"filter": {"min_area": 5}}, "a" * 64),
    ],
)
def test_a_plan_equals_the_start_that_follows(slides, change, values, sha256):
    start(slides)
    change(slides)
    settings = settings_from_dict(values)
    planned = plan(slides, settings, sha256=sha256)
    report = start(slides, settings, sha256=sha256)
    assert planned.pages == report.skipped + report.segmented + len(report.failed)
    # A file that was only touched is read, and then found to be done.
    only_read = planned.waiting - report.segmented - len(report.failed)
    assert only_read in (0, 1)
    assert planned.done == report.skipped - only_read
    assert set(report.notices) == set(planned.notices)


# The keys of these settings before there was a choice of prompts.
@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "9058f9155ebef5f00e977e2a9395d82ffd558817b339c8f29ee59328a6345a8a"),
        (
            {
                "points_per_side": 16,
                "pred_iou_thresh": 0.6,
                "stability_score_thresh": 0.9,
                "box_nms_thresh": 0.3,
                "crop_n_layers": 1,
            },
            "ead1e7fcdb17954fe0ce3315cdf725470bea46adb0313a3e9d6f9f2755be23d9",
        ),
    ],
)
@pytest.mark.parametrize("unused", [{}, {"prompt_min_aggregation": 40, "prompt_polarity": "bright"}])
def test_keys_of_older_runs_hold(values, key, unused):
    assert key_of(**values, **unused) == key


def test_every_way_of_prompting_has_its_own_key_and_heeds_what_it_uses():
    ways = ("grid", "adaptive", "dark-guided", "discovered")
    dark = {"prompts": "dark-guided"}
    assert len({key_of(prompts=way) for way in ways}) == 4
    assert (
        len(
            {
                key_of(**dark, **more)
                for more in ({}, {"prompt_min_aggregation": 40}, {"prompt_polarity": "bright"})
            }
        )
        == 3
    )
    assert key_of(prompts="adaptive", prompt_min_aggregation=40) == key_of(prompts="adaptive")
    assert key_of(prompts="discovered", finder="b" * 64) != key_of(prompts="discovered", finder="c" * 64)


def key_of(*, finder: str = "", **values) -> str:
    return segment_key(
        file_sha256="f" * 64,
        page=1,
        scale=None,
        image=SETTINGS.image,
        segmentation=SegmentationSettings(**values),
        model=dataclasses.replace(model(), finder_sha256=finder),
    )


def test_a_run_from_before_there_was_a_choice_of_prompts_goes_on(slides):
    start(slides)
    with RunStore.write(folder_of(slides)) as store:
        settings = store.facts()["settings"]
        for new in ("prompts", "prompt_min_aggregation", "prompt_polarity"):
            del settings["segmentation"][new]
        store.set_facts({"settings": settings})
    planned = plan(slides)
    assert (planned.done, planned.waiting) == (5, 1)
    assert not any("changed" in notice for notice in planned.notices)


def test_a_change_of_prompts_is_told_and_one_that_nothing_uses_is_not(slides):
    start(slides)
    assert plan(slides, settings_from_dict({"segmentation": {"prompt_min_aggregation": 40}})).done == 5
    dark = settings_from_dict({"segmentation": {"prompts": "dark-guided", "prompt_min_aggregation": 40}})
    planned = plan(slides, dark)
    assert planned.done == 0
    told = 'prompts "grid" -> "dark-guided", prompt_min_aggregation null -> 40.0'
    assert f"Segmenting again, because these changed: {told}" in planned.notices
    start(slides, dark)
    told = 'prompts "dark-guided" -> "grid"'
    assert f"Segmenting again, because these changed: {told}" in plan(slides).notices


def test_percentiles_are_not_measured_for_a_plan(slides):
    settings = settings_from_dict({"image": {"intensity_range": "percentile", "page": 1}})
    planned = plan(slides, settings)
    assert planned.waiting == 6
    assert any("first be measured" in notice for notice in planned.notices)
    start(slides, settings)
    assert plan(slides, settings).waiting == 0


def test_a_plan_refuses_what_a_start_refuses(slides, tmp_path):
    start(slides)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ImageReadError, match="holds no images"):
        plan_batch(other, folder_of(slides), settings=SETTINGS, model=model())
    shutil.copy(slides / "deep" / "1.png", other)
    with pytest.raises(StoreError, match="another input"):
        plan_batch(other, folder_of(slides), settings=SETTINGS, model=model())


def test_a_plan_can_be_made_while_the_run_goes_on(slides):
    start(slides)
    with RunStore.write(folder_of(slides)):
        assert plan(slides).done == 5
    (folder_of(slides) / RUN_FILE).write_bytes(b"")  # as it is in the first moment
    assert plan(slides).waiting == 6


def test_a_plan_stops_when_asked(slides):
    monitor = StoppableMonitor()
    monitor.stop()
    with pytest.raises(Cancelled):
        plan_batch(slides, folder_of(slides), settings=SETTINGS, model=model(), monitor=monitor)


def test_the_public_function_plans_what_the_run_would_do(slides):
    planned = api.plan_run(slides, points_per_side=4)
    assert planned.folder == api.run_folder(slides)
    assert planned.waiting == 6
    assert not planned.folder.exists()
    with pytest.raises(ImageReadError, match="no such file or folder"):
        api.plan_run(slides / "nothing")
    with pytest.raises(CheckpointError):
        api.plan_run(slides, model="no such model")
