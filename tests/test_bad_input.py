"""Bad input as a user meets it: a clear message, a proper exit code, nothing lost, no traceback."""

from __future__ import annotations

import csv
import errno
import json
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from samhq.cli import main
from samhq.cli.progress import working
from samhq.locks import LOCK_FILE, FolderLock

# Every mask is kept, so that the tiny pictures have objects.
FAST = ["--points-per-side", "2", "--pred-iou-thresh", "0", "--stability-score-thresh", "0"]
EVERYTHING = "slides_SAM_HQ_Output_Agg=0-100"


@pytest.fixture
def call(capfd):
    """Run a command; returns (exit code, stdout, stderr). Nothing may ever look like a crash."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert "please report" not in out + err, err
        return code, out, err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A project folder: slides with two pictures and a bad file, run once. Tests work on copies."""
    project = tmp_path_factory.mktemp("original")
    for number in range(2):
        picture(project / "slides" / f"i{number}.png", number)
    (project / "slides" / "bad.png").write_text("no picture", encoding="utf-8")
    assert main(["run", str(project / "slides"), "--quiet", *FAST]) == 3
    return project


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project, in another place; the original is still there."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def picture(path: Path, number: int = 0) -> Path:
    """A bright 64 px square with dark discs."""
    y, x = np.mgrid[:64, :64]
    image = np.full((64, 64), 220, np.uint8)
    for cx, cy in np.random.default_rng(number).integers(10, 54, (4, 2)):
        image[(x - cx) ** 2 + (y - cy) ** 2 < 64] = 60
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def rows(folder: Path, name: str = "images.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def one_object(text: str) -> dict[str, object]:
    """The one JSON object that stdout must be, and nothing else."""
    assert text.count("\n") == 1
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


# -------------------------------------------------------------------- files


def bad_files(folder: Path) -> dict[str, str]:
    """Files that are no readable pictures; name to what must be said of them."""
    whole = picture(folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "zero.png").write_bytes(b"")
    (folder / "nul.tif").write_bytes(b"\0" * 500)
    (folder / "text.png").write_text("hello", encoding="utf-8")
    (folder / "page.jpg").write_text("<!DOCTYPE html><html></html>", encoding="utf-8")
    header = whole.index(b"IHDR")
    claim = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + whole[header + 12 : header + 17]
    bomb = whole[:header] + claim + zlib.crc32(claim).to_bytes(4, "big") + whole[header + 21 :]
    (folder / "bomb.png").write_bytes(bomb)
    broken = np.full((16, 16), 0.5, np.float32)
    for name, value in (("nan.tif", np.nan), ("inf.tif", np.inf)):
        broken[3, 3] = value
        tifffile.imwrite(folder / name, broken)
    tifffile.imwrite(folder / "pages.tif", np.zeros((3, 8, 8), np.uint8), photometric="minisblack")
    tifffile.imwrite(folder / "bomb.tif", np.zeros((8, 8), np.uint8))
    with tifffile.TiffFile(folder / "bomb.tif", mode="r+b") as tiff:
        for tag in ("ImageWidth", "ImageLength"):
            tiff.pages[0].tags[tag].overwrite(100_000)
    return {
        "cut.png": "copy it again",
        "zero.png": "is empty",
        "nul.tif": "only zero bytes",
        "text.png": "is a text file",
        "page.jpg": "HTML page",
        "bomb.png": "100,000 x 100,000",
        "bomb.tif": "100,000 x 100,000",
        "nan.tif": "NaN or infinite",
        "inf.tif": "NaN or infinite",
        "pages.tif": "--page N or --page all",
    }


def test_files_that_are_no_pictures_fail_one_by_one_with_the_reason(tmp_path, call):
    said = bad_files(tmp_path / "slides")
    code, out, _ = call("run", tmp_path / "slides", "--json")
    assert code == 3
    result = one_object(out)
    reasons = {entry["image"]: entry["reason"] for entry in result["failed"]}
    assert reasons.keys() == said.keys()
    assert [name for name, text in said.items() if text not in reasons[name]] == []
    table = {row["image"]: row["reason"] for row in rows(tmp_path / EVERYTHING)}
    assert table == reasons


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_names_of_every_kind_come_back_as_they_are(tmp_path, call):
    names = ["new\nline.png", "quo\"te's.png", "😀.png", "-rf.png", "[bold]x.png", "\x1b[31mred.png", "a.png"]
    names += ["A.PNG", "a.tif", "é" * 125 + ".png", "con/aux.png"]
    for name in names:
        (tmp_path / "slides" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "slides" / name).write_text("no picture", encoding="utf-8")
    (tmp_path / "slides" / os.fsdecode(b"bad\xff.png")).write_text("x", encoding="utf-8")
    code, out, err = call("run", tmp_path / "slides", "--json")
    assert code == 3
    result = one_object(out)
    assert {entry["image"] for entry in result["failed"]} == set(names)
    assert any("not valid text; rename it" in warning for warning in result["warnings"])
    assert {row["image"] for row in rows(tmp_path / EVERYTHING)} == set(names)
    assert "\x1b" not in err


def test_a_subfolder_that_cannot_be_read_is_said_at_the_end(project, call, monkeypatch):
    (project / "slides" / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    code, out, _ = call("run", project / "slides", *FAST, "--json")
    assert code == 3
    assert one_object(out)["warnings"] == ["passed over locked: folder cannot be read: access is denied"]


# -------------------------------------------------------------------- inputs and runs


def test_an_input_is_known_by_any_of_its_names(project, call, monkeypatch):
    monkeypatch.chdir(project / "slides")
    for name in (".", "../slides/", f"..{os.sep}slides{os.sep}", project / "slides" / ".." / "slides"):
        code, out, _ = call("run", name, *FAST, "--json")
        assert code == 3
        result = one_object(out)
        assert result["run_folder"] == str(project / "slides_SAM_HQ_Run")
        assert (result["segmented"], result["skipped"]) == (0, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", ""],
        ["filter", ""],
        ["aggregate", ""],
        ["run", ".", "--out", ""],
        ["run", ".", "--config", ""],
        ["config", "check", ""],
    ],
)
def test_an_empty_path_is_not_the_current_folder(arguments, project, call, monkeypatch):
    monkeypatch.chdir(project)
    code, _, err = call(*arguments)
    assert code == 2
    assert "the path is empty" in err


def test_folders_that_samhq_made_are_no_input(project, call):
    for name in ("slides_SAM_HQ_Run", EVERYTHING):
        code, _, err = call("run", project / name)
        assert code == 1
        assert "folder that samhq made" in err
    assert not list(project.glob("*_SAM_HQ_*_SAM_HQ_*"))


def test_a_very_long_input_name_is_shortened_but_never_shared(tmp_path, call):
    folders = set()
    for end in "ab":
        source = tmp_path / ("x" * 249 + end)
        source.mkdir()
        (source / "bad.png").write_text("no picture", encoding="utf-8")
        code, out, _ = call("run", source, "--json")
        assert code == 3
        folders |= {one_object(out)["run_folder"], one_object(out)["output_folder"]}
        assert call("filter", source, "--min-area", "3")[0] == 3
        assert call("export", source, "--format", "coco", "--format", "txt")[0] == 3
    assert len(folders) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_an_input_whose_name_is_not_text_is_named(tmp_path, call):
    source = tmp_path / os.fsdecode(b"in\xff")
    picture(source / "a.png")
    code, _, err = call("run", source)
    assert code == 1
    assert "not valid text; rename it" in err


def test_a_name_that_no_system_takes_is_explained(tmp_path, call):
    for command in ("run", "filter"):
        code, _, err = call(command, tmp_path / ("x" * 300))
        assert code == 1
        assert "too long" in err


def test_a_copied_project_goes_on_by_itself(project, call):
    code, out, _ = call("run", project / "slides", *FAST, "--json")
    assert code == 3
    assert (one_object(out)["segmented"], one_object(out)["skipped"]) == (0, 2)


def test_a_copied_run_is_not_taken_for_that_of_another_input(finished, tmp_path, call):
    shutil.copytree(finished / "slides_SAM_HQ_Run", tmp_path / "results" / "slides_SAM_HQ_Run")
    picture(tmp_path / "others" / "slides" / "i0.png")
    code, _, err = call("run", tmp_path / "others" / "slides", "--out", tmp_path / "results", *FAST)
    assert code == 1
    assert "is the run of another input" in err


def test_a_run_named_by_its_input_draws_from_that_input(project, call):
    (project / "slides" / "i0.png").unlink()
    picture(project / "slides" / "i1.png", 7)
    before = (project / EVERYTHING / "objects.csv").read_bytes()
    code, out, _ = call("filter", project / "slides", "--json", "--out", project / "new")
    assert code == 3
    result = one_object(out)
    assert (project / "new" / EVERYTHING / "objects.csv").read_bytes() == before
    assert not list((project / "new").rglob("*.png"))
    assert "i0.png: is no longer there" in result["warnings"][0]
    assert "i1.png: has changed since it was segmented" in result["warnings"][1]


def test_where_the_images_are_now_must_exist(project, call):
    code, _, err = call("filter", project / "slides_SAM_HQ_Run", "--input", project / "nowhere")
    assert code == 2
    assert "--input" in err
    assert "no such file or folder" in err


def test_the_run_file_stands_for_its_folder(project, call, finished):
    code, out, _ = call("filter", project / "slides_SAM_HQ_Run" / "run.sqlite", "--json")
    assert code == 3
    assert one_object(out)["run_folder"] == str(project / "slides_SAM_HQ_Run")
    assert one_object(out)["warnings"] == []  # the pictures come from the original, which is still there


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("half", "is damaged or not a run file"),
        ("zeroed", "is damaged or not a run file"),
        ("text", "is damaged or not a run file"),
        ("UPDATE run SET value = '{oops'", "is damaged or not a run file"),
        ("UPDATE image SET notes = ']'", "is damaged or not a run file"),
        ("UPDATE objects SET boxes = x'00'", "is damaged or not a run file"),
        ("INSERT INTO migration VALUES ('0099_later')", "newer samhq"),
        ("PRAGMA application_id = 7", "another program"),
    ],
)
def test_a_damaged_run_is_named_and_left_as_it_is(damage, said, project, call):
    file = project / "slides_SAM_HQ_Run" / "run.sqlite"
    data = file.read_bytes()
    if damage == "half":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "zeroed":
        file.write_bytes(bytes(len(data)))
    elif damage == "text":
        file.write_text("hello " * 1000, encoding="utf-8")
    else:
        connection = sqlite3.connect(file)
        connection.execute(damage)
        connection.commit()
        connection.close()
    before = file.read_bytes()
    commands = [["filter"], ["export", "--format", "csv"]]
    # New settings would segment again over damaged objects, which is a remedy, not a loss.
    commands += [["run", *FAST]] if "objects" not in damage else []
    for name, *flags in commands:
        code, _, err = call(name, project / "slides", *flags)
        assert code == 1
        assert said in err
    assert file.read_bytes() == before
    assert not (file.parent / LOCK_FILE).exists()


def test_a_file_in_place_of_a_folder_is_named(tmp_path, call):
    picture(tmp_path / "slides" / "a.png")
    (tmp_path / "slides_SAM_HQ_Run").write_text("mine", encoding="utf-8")
    code, _, err = call("run", tmp_path / "slides")
    assert code == 1
    assert "a file stands where a folder is needed" in err
    assert (tmp_path / "slides_SAM_HQ_Run").read_text(encoding="utf-8") == "mine"


def test_a_folder_in_place_of_a_table_is_named(project, call):
    (project / "x" / EVERYTHING / "objects.csv").mkdir(parents=True)
    code, _, err = call("filter", project / "slides", "--out", project / "x")
    assert code == 1
    assert "a folder stands where a file is needed" in err
    assert not list((project / "x").rglob("*.tmp"))


def test_a_run_in_use_is_not_written_but_can_be_read(project, call):
    lock = FolderLock.acquire(project / "slides_SAM_HQ_Run")
    try:
        code, _, err = call("run", project / "slides", *FAST)
        assert code == 1
        assert f"process {os.getpid()}" in err
        assert call("filter", project / "slides")[0] == 3
    finally:
        lock.release()


def test_a_full_disk_leaves_no_half_lock_behind(tmp_path, call, monkeypatch):
    picture(tmp_path / "slides" / "a.png")
    write_text = Path.write_text

    def full(self, text, **kwargs):
        write_text(self, "", **kwargs)
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    code, _, err = call("run", tmp_path / "slides")
    assert code == 1
    assert "the disk is full; free some space" in err
    assert list((tmp_path / "slides_SAM_HQ_Run").iterdir()) == []


def test_micrographs_that_cannot_be_copied_are_explained_in_one_sentence(tmp_path, call):
    (tmp_path / "micrographs" / "SOURCE.md").mkdir(parents=True)
    code, _, err = call("demo", "--out", tmp_path)
    assert code == 1
    assert "a folder stands where a file is needed" in err
    assert len(err.splitlines()) == 1


# -------------------------------------------------------------------- settings


def test_what_dropped_all_objects_is_said(project, call):
    code, out, _ = call("filter", project / "slides", "--min-area", "1e308", "--min-ratio", "99", "--json")
    assert code == 3
    result = one_object(out)
    count = result["warnings"][0].split("min_area ")[1].split(",")[0]
    assert result["warnings"][0].startswith(
        f"no object is left; dropped by min_area {count}, min_ratio {count}"
    )
    assert int(count) > 0
    table = rows(Path(result["output_folder"]))
    assert {row["result"] for row in table} == {"all filtered out", "failed"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["filter", ".", "--min-area", "nan"], "min_area nan: allowed is 0 or more"),
        (["filter", ".", "--min-area", "1e309"], "min_area inf: allowed is 0 or more"),
        (["filter", ".", "--min-area", "-1"], "min_area -1.0: allowed is 0 or more"),
        (["filter", ".", "--min-area", "1,5"], "'1,5' is not a valid float"),
        (["run", ".", "--page", "99999999999999999999"], "allowed is all or 1 to 999999"),
        (["run", ".", "--device", "gpu"], "allowed is auto, cpu, cuda"),
        (["run", ".", "--threads", "0"], "threads 0: allowed is 1 to 1024"),
        (["run", ".", "--point-grids", "slides/i0.png"], "is not a text in UTF-8"),
        (["aggregate", "slides/i0.png", "--smoothing", "nan"], "smoothing nan: allowed is 0 to 65536"),
        (["aggregate", "slides/i0.png", "--smoothing", "inf"], "smoothing inf: allowed is 0 to 65536"),
        (
            ["aggregate", "slides/i0.png", "--bins", "4", "--smoothing", "9"],
            "smoothing (9) must not be above bins (4)",
        ),
        (["aggregate", "slides/i0.png", "--prominence", "nan"], "prominence nan: allowed is 0 to 1"),
        (["export", ".", "--format", "xlsx"], "'xlsx' is not one of"),
    ],
)
def test_numbers_and_words_that_make_no_sense(arguments, said, project, call, monkeypatch):
    monkeypatch.chdir(project)
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert said in err


CONFIGURATION = '{"filter": {"min_area": 7}}'


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + CONFIGURATION.encode(),
        b"\xff\xfe" + CONFIGURATION.encode("utf-16-le"),  # PowerShell: samhq config show > mine.json
        b"\xfe\xff" + CONFIGURATION.encode("utf-16-be"),
    ],
)
def test_a_configuration_with_a_mark_of_its_encoding_is_read(data, project, call):
    (project / "mine.json").write_bytes(data)
    code, out, _ = call("filter", project / "slides", "--config", project / "mine.json", "--json")
    assert code == 3
    assert one_object(out)["filter"]["min_area"] == 7
    code, out, _ = call(
        "filter", project / "slides", "--config", project / "mine.json", "--min-area", "9", "--json"
    )
    assert one_object(out)["filter"]["min_area"] == 9


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\0" * 20, "is empty"),
        (b'{"filter": {"min_area": 3, "min_area": 5}}', "'min_area' stands twice"),
        (b'{\n// mine\n"filter": {}}', "line 2 column 1 (char 2). JSON has no comments"),
        (b'{"filter": {"min_area": 3,}}', "no comma before a closing bracket"),
        (b"[" * 100_000, "is not valid JSON"),
        (b'{"model": "\xe4.pth"}', "is not a text in UTF-8"),
        (b'{"min_area": 3}', 'min_area: belongs into the group filter: {"filter": {"min_area": ...}}'),
        (b'{"filter": 3}', "filter 3: is a group"),
        (b'{"filter": {"min_area": 1e999}}', "min_area inf: allowed is 0 or more"),
    ],
)
def test_a_wrong_configuration_says_what_and_where(data, said, tmp_path, call):
    (tmp_path / "mine.json").write_bytes(data)
    code, _, err = call("config", "check", tmp_path / "mine.json")
    assert code == 2
    assert said in err
    assert "mine.json" in err


# -------------------------------------------------------------------- models


class Hostile:
    """Would write a file if its pickle were loaded."""

    def __reduce__(self):
        return (Path.touch, (Path("EXECUTED"),))


@pytest.mark.parametrize("kind", ["hostile", "hostile archive", "page", "empty", "cut"])
def test_a_model_file_that_is_none_stops_before_anything_is_made(kind, tmp_path, call, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "slides" / "a.png")
    model = tmp_path / "model.pth"
    if kind == "hostile":
        model.write_bytes(pickle.dumps(Hostile()))
    elif kind == "page":
        model.write_text("<!DOCTYPE html><html>Sign in</html>", encoding="utf-8")
    elif kind == "empty":
        model.write_bytes(b"")
    else:
        torch.save({"model": Hostile() if kind == "hostile archive" else torch.zeros(1000)}, model)
        if kind == "cut":
            model.write_bytes(model.read_bytes()[:-500])
    code, _, err = call("run", "slides", "--model", model)
    assert code == 1
    assert "model.pth" in err
    assert "samhq models download" in err
    assert not (tmp_path / "EXECUTED").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"slides", "model.pth"}


# -------------------------------------------------------------------- console and signals


def test_a_start_without_work_shows_no_progress_of_work(project, call):
    _, out, err = call("run", project / "slides", *FAST, "--quiet")
    assert "Segmenting" not in err
    (project / "slides" / "bad.png").unlink()
    code, out, err = call("run", project / "slides", *FAST)
    assert code == 0
    assert "Segmenting" not in err
    assert "Writing 2/2" in err
    assert "0 images" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_result_that_cannot_be_printed_is_explained(project):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "samhq", "filter", str(project / "slides"), "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"the disk is full" in done.stderr
    assert b"please report" not in done.stderr
    assert (project / EVERYTHING / "settings.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_signals_that_are_ignored_stay_ignored_and_a_closed_terminal_stops():
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where nohup started the tests
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with working(quiet=True) as monitor:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
            assert monitor.stopped
    finally:
        signal.signal(signal.SIGINT, before)
        after = signal.signal(signal.SIGHUP, hangup)
    assert after is signal.SIG_DFL
