"""Files whole or not at all; names for every system."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samhq.errors import ExportError
from samhq.files import (
    explain_os_error,
    long_path,
    natural_key,
    safe_name,
    write_bytes,
    write_file,
    write_text,
)


def test_text_is_written_as_given_into_new_folders(tmp_path):
    path = tmp_path / "a" / "b" / "Größe µm.txt"
    assert write_text(path, "x\r\ny\n") == path
    assert path.read_bytes() == b"x\r\ny\n"


def test_a_failure_in_the_middle_keeps_the_old_file_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")

    def fill(stream):
        stream.write(b"half of the new")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ExportError, match="the disk is full; free some space"):
        write_file(path, fill)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_a_file_held_open_elsewhere_is_kept_and_the_new_one_stands_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "objects.csv"
    write_text(path, "open in Excel")
    replace = Path.replace

    def held_open(self, target):
        if Path(target).name in ("objects.csv", "objects (2).csv"):
            raise PermissionError(13, "in use", str(target))
        return replace(self, target)

    (tmp_path / "objects (2).csv").write_text("open as well")
    monkeypatch.setattr(Path, "replace", held_open)
    assert write_text(path, "new") == tmp_path / "objects (3).csv"
    assert path.read_text() == "open in Excel"
    assert (tmp_path / "objects (3).csv").read_text() == "new"


def test_a_place_that_may_not_be_written_is_named(tmp_path, monkeypatch):
    def refuse(self, target):
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ExportError, match="access is denied"):
        write_bytes(tmp_path / "new.csv", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_really_full_device_is_explained():
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as stream:
        stream.write(b"x")
    assert "the disk is full" in explain_os_error(caught.value, Path("/dev/full"))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_files_get_the_usual_rights(tmp_path):
    old = os.umask(0o027)
    try:
        path = write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_numbers_sort_as_numbers():
    names = ["img10.png", "Img2.png", "img1.png", "img02.png", "a/9", "a/10", "B", "²x"]
    assert sorted(names, key=natural_key) == [
        "a/9",
        "a/10",
        "B",
        "img1.png",
        "Img2.png",
        "img02.png",
        "img10.png",
        "²x",
    ]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_natural_order_is_total(names):
    keys = {name: natural_key(name) for name in names}
    assert len(set(keys.values())) == len(keys)
    sorted(names, key=natural_key)


@given(st.text(max_size=30))
def test_safe_names_are_safe_and_stable(name):
    safe = safe_name(name)
    assert safe
    assert not set(safe) & set('<>:"/\\|?*\0\n')
    assert not safe.endswith((" ", "."))
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a:b?.png", "a_b_.png"),
        ("CON", "CON_"),
        ("nul.txt", "nul_.txt"),
        ("com1.tar.gz", "com1_.tar.gz"),
        ("x. ", "x"),
        ("", "_"),
    ],
)
def test_names_windows_refuses_are_changed(name, safe):
    assert safe_name(name) == safe


def test_windows_paths_are_written_in_their_long_form(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert str(long_path(Path("/data/x"))).startswith("\\\\?\\")
    monkeypatch.setattr(sys, "platform", "linux")
    assert long_path(Path("/data/x")) == Path("/data/x")
