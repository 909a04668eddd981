"""Finding images: order, depth, what is passed over, links, and faults of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from samhq.errors import ImageReadError
from samhq.images import Discovery, discover


def _touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _names(found: Discovery) -> list[str]:
    return [f.relative for f in found.files]


def _link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target, target_is_directory=target.is_dir())
    except OSError as error:
        pytest.skip(f"links cannot be made here: {error}")


def test_natural_order_any_depth_any_case(tmp_path: Path) -> None:
    _touch(tmp_path, "img10.PNG", "img2.png", "sub/deep/a.TIFF", "sub/b.JpEg", "notes.txt", "c.jpg", "d.tif")
    found = discover(tmp_path)
    assert _names(found) == ["c.jpg", "d.tif", "img2.png", "img10.PNG", "sub/b.JpEg", "sub/deep/a.TIFF"]
    assert all(f.path.is_absolute() and f.path == tmp_path / f.relative for f in found.files)
    assert found.root == tmp_path
    assert found.skipped == ()


def test_single_file_is_its_own_name(tmp_path: Path) -> None:
    _touch(tmp_path, "sub/a b.png")
    found = discover(tmp_path / "sub" / "a b.png")
    assert _names(found) == ["a b.png"]
    assert found.root == tmp_path / "sub"


def test_relative_source_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "in/a.png")
    monkeypatch.chdir(tmp_path)
    assert discover(Path("in/../in")).files[0].path == tmp_path / "in" / "a.png"


def test_empty_folder_is_no_error(tmp_path: Path) -> None:
    assert discover(tmp_path) == Discovery(tmp_path, (), ())


def test_missing_source_names_path_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match=r"nowhere: there is no such file or folder; check"):
        discover(tmp_path / "nowhere")


def test_unsupported_single_file_names_the_supported(tmp_path: Path) -> None:
    _touch(tmp_path, "a.txt")
    with pytest.raises(ImageReadError, match=r"files ending in \.txt are not read; give one of \.png"):
        discover(tmp_path / "a.txt")


def test_hidden_and_system_files_are_passed_over_and_told(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png", ".b.png", "._a.png", ".git/c.png", "__MACOSX/d.png", "Thumbs.db", ".DS_Store")
    found = discover(tmp_path)
    assert _names(found) == ["a.png"]
    assert dict(found.skipped) == {
        ".b.png": "hidden file",
        "._a.png": "hidden file",
        ".git": "hidden folder",
        "__MACOSX": "folder of the operating system",
    }


def test_own_output_is_never_input(tmp_path: Path) -> None:
    _touch(
        tmp_path, "a.png", "x_SAM_HQ_Run/b.png", "s/x_SAM_HQ_Output_A=1_Agg=0-100/c.png", "SAM_HQ_Runs/d.png"
    )
    found = discover(tmp_path)
    assert _names(found) == ["a.png", "SAM_HQ_Runs/d.png"]
    assert [name for name, _ in found.skipped] == ["s/x_SAM_HQ_Output_A=1_Agg=0-100", "x_SAM_HQ_Run"]


def test_given_folders_are_left_out(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png", "out/b.png", "outer/c.png")
    found = discover(tmp_path, skip=[tmp_path / "out"])
    assert _names(found) == ["a.png", "outer/c.png"]
    assert found.skipped == (("out", "folder that was to be left out"),)


def test_other_picture_formats_are_told(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png", "b.bmp", "c.czi", "d.vsi")
    found = discover(tmp_path)
    assert [name for name, _ in found.skipped] == ["b.bmp", "d.vsi"]
    assert _names(found) == ["a.png", "c.czi"]


def test_link_loops_end(tmp_path: Path) -> None:
    _touch(tmp_path, "in/sub/a.png")
    _link(tmp_path / "in" / "sub" / "loop", tmp_path / "in")
    _link(tmp_path / "in" / "up", tmp_path)
    found = discover(tmp_path / "in")
    assert _names(found) == ["sub/a.png"]
    assert dict(found.skipped) == {
        "sub/loop": "link to a folder that is read already",
        "up": "link to a folder that contains it",
    }


def test_real_folder_wins_over_a_link_to_it(tmp_path: Path) -> None:
    _touch(tmp_path, "in/z_real/a.png")
    _link(tmp_path / "in" / "a_link", tmp_path / "in" / "z_real")
    assert _names(discover(tmp_path / "in")) == ["z_real/a.png"]


def test_linked_folder_elsewhere_is_read_once(tmp_path: Path) -> None:
    _touch(tmp_path, "elsewhere/x/a.png", "in/b.png")
    _link(tmp_path / "in" / "l1", tmp_path / "elsewhere")
    _link(tmp_path / "in" / "l2", tmp_path / "elsewhere")
    found = discover(tmp_path / "in")
    assert len(found.files) == 2
    assert sum(name.endswith("x/a.png") for name in _names(found)) == 1
    assert len(found.skipped) == 1


def test_link_to_nothing_is_told(tmp_path: Path) -> None:
    _link(tmp_path / "gone.png", tmp_path / "missing.png")
    found = discover(tmp_path)
    assert found.files == ()
    assert found.skipped == (("gone.png", "link to a file that does not exist"),)


def test_unicode_names(tmp_path: Path) -> None:
    _touch(tmp_path, "Größe/粒子 5 µm.png")
    assert _names(discover(tmp_path)) == ["Größe/粒子 5 µm.png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows names are always text")
def test_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png")).write_bytes(b"x")
    except OSError as error:
        pytest.skip(f"this file system takes text names only: {error}")
    found = discover(tmp_path)
    assert found.files == ()
    assert found.skipped == (("bad�.png", "name is not valid text; rename it"),)


def test_unreadable_subfolder_is_told_and_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permissions do not stop root, so the refusal of the system itself is imitated.
    _touch(tmp_path, "a.png", "closed/b.png", "open/c.png")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = discover(tmp_path)
    assert _names(found) == ["a.png", "open/c.png"]
    assert found.skipped == (("closed", "folder cannot be read: access is denied"),)
    with pytest.raises(ImageReadError, match=r"closed: access is denied; check its permissions"):
        discover(tmp_path / "closed")


def test_named_pipe_is_not_an_image(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe.png")
    assert discover(tmp_path).skipped == (("pipe.png", "not a regular file"),)
    with pytest.raises(ImageReadError, match="neither a file nor a folder"):
        discover(tmp_path / "pipe.png")
