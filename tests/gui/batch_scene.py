"""Small folders for the batch tests, and one session for all of them: loading PyTorch takes longer than the work."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest
from PyQt6 import sip

from samhq import api
from samhq.gui.image_list import ImageState
from samhq.gui.session import Session
from samhq.settings import Settings

SMALL = {"points_per_side": 4, "pred_iou_thresh": 0.5, "stability_score_thresh": 0.6}
COMPUTE = {"threads": 1, "device": "cpu"}
WAIT_MS = 30_000


def small_copy(name: str, target: Path) -> None:
    """A quarter of a demo micrograph, so that a test takes seconds."""
    picture = cv2.imread(str(api.sample_folder() / name))
    height, width = picture.shape[:2]
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), picture[: height // 2, : width // 2])


def make_slides(folder: Path) -> Path:
    """Two good images in subfolders, and one that is broken."""
    small_copy("histology/nuclei_1.png", folder / "a" / "cells 1.png")
    small_copy("histology/nuclei_2.png", folder / "b" / "cells 2.png")
    (folder / "broken.png").write_bytes(b"this is no picture")
    return folder


def small_settings() -> Settings:
    return Settings().updated({"segmentation": SMALL, "compute": COMPUTE})


@pytest.fixture
def slides(tmp_path) -> Path:
    return make_slides(tmp_path / "slides")


@pytest.fixture(scope="module")
def done_once(tmp_path_factory) -> Path:
    """A folder in which `slides` was run, to be copied."""
    home = tmp_path_factory.mktemp("done")
    api.run(make_slides(home / "slides"), settings=small_settings()).close()
    return home


@pytest.fixture
def done_slides(done_once, tmp_path) -> Path:
    """`slides` with its finished run beside it."""
    shutil.copytree(done_once, tmp_path / "done")
    return tmp_path / "done" / "slides"


@pytest.fixture(scope="module")
def shared_session(qapp):
    made = Session()
    yield made
    made.close()


@pytest.fixture
def session(shared_session, qtbot):
    """A session as if it were new, but with its processes warm."""
    session = shared_session
    session.undo.clear()
    session.take_settings(small_settings())
    session.run.outputs.set_writes_after_run(False)
    yield session
    session.jobs.stop_all()
    until(qtbot, lambda: not session.jobs.jobs())
    sip.delete(session.__dict__.pop("run"))


@pytest.fixture
def run(session):
    return session.run


@pytest.fixture
def errors(session):
    found = []
    connection = session.error_reported.connect(lambda tab, failure: found.append((tab, failure)))
    yield found
    session.error_reported.disconnect(connection)


def until(qtbot, condition, timeout: int = WAIT_MS) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)


def wait_until_finished(qtbot, run) -> None:
    """Wait until the batch is over, its objects are shown and its output is written."""
    until(qtbot, lambda: not run.is_running and not run.outputs.is_busy and not run.planning)
    until(qtbot, lambda: run.look is not None and ImageState.WAITING not in run.look.rows.states)


def open_done(qtbot, run, slides: Path) -> None:
    """Choose an input that was run before, and wait for its objects."""
    run.set_source(slides)
    until(qtbot, lambda: run.look is not None and run.facts is not None and run.plan is not None)


def states(run) -> dict[str, ImageState]:
    rows = run.look.rows
    return {key[0]: ImageState(state) for key, state in zip(rows.keys, rows.states.tolist(), strict=True)}
