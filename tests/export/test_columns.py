"""Columns in the words of other programs."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from export_samples import MODEL
from odd_masks import Images, blobs, result_of, settings_of, table_of

from samhq.export.columns import DIALECTS, OBJECT_COLUMNS, ObjectColumns
from samhq.export.formats import export_format
from samhq.export.tables import objects_frame
from samhq.export_settings import SHAPE_NAMES

# Headings of the Results table of ImageJ 1.54.
IMAGEJ = {
    *(
        "Area",
        "Mean",
        "StdDev",
        "Mode",
        "Min",
        "Max",
        "X",
        "Y",
        "XM",
        "YM",
        "Perim.",
        "BX",
        "BY",
        "Width",
        "Height",
    ),
    *("Major", "Minor", "Angle", "Circ.", "Feret", "IntDen", "Median", "Skew", "Kurt", "%Area", "RawIntDen"),
    *(
        "Ch",
        "Slice",
        "Frame",
        "FeretX",
        "FeretY",
        "FeretAngle",
        "MinFeret",
        "AR",
        "Round",
        "Solidity",
        "Label",
    ),
}


@pytest.fixture
def images():
    return Images(result_of(table_of(blobs(30))), result_of(table_of(blobs(3)), path="other.png"))


def frame_of(images, dialect, shape="all"):
    return objects_frame((images.image(r) for r in images.records()), shape=shape, columns=dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_file_of_tables_has_the_columns_of_its_dialect(images, tmp_path, dialect):
    settings = settings_of(columns=dialect, shape="solidity,perimeter")
    names = ObjectColumns(dialect, ("perimeter", "solidity")).names
    for form in ("csv", "txt"):
        export_format(images, tmp_path, format=form, name="slides", settings=settings, model=MODEL)
    lines = (tmp_path / "objects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert tuple(lines[0].split(",")) == names
    assert len(lines) == 34
    data = (tmp_path / "slides_SAM_HQ_Numerical_Data.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in data if not line.startswith("#")]
    assert rows == [line.split(",") for line in lines]
    frame = frame_of(images, dialect, "solidity,perimeter")
    assert tuple(frame.columns) == names
    for place, name in enumerate(names[1:-1], start=1):
        written = [float(row[place] or "nan") for row in rows[1:]]
        assert np.allclose(written, frame[name].astype(float), rtol=1e-6, equal_nan=True), name


@pytest.mark.parametrize("dialect", ["imagej", "cellprofiler"])
def test_no_two_columns_have_the_same_name_and_every_word_names_a_column(dialect):
    names = ObjectColumns(dialect, SHAPE_NAMES).names
    assert len(set(names)) == len(names)
    assert set(DIALECTS[dialect]) <= {*OBJECT_COLUMNS, *SHAPE_NAMES}


def test_words_of_imagej_are_its_headings(images):
    own, theirs = frame_of(images, "samhq"), frame_of(images, "imagej")
    assert {word.name for word in DIALECTS["imagej"].values()} <= IMAGEJ
    assert np.array_equal(theirs["Width"], own["x1"] - own["x0"])
    assert np.array_equal(theirs["BX"] + theirs["Width"], own["x1"])
    assert np.array_equal(theirs["IntDen"], own["intensity"])
    assert np.allclose(theirs["IntDen"], theirs["Area"] * theirs["Mean"])
    assert np.array_equal(theirs["X"], own["centroid_x"] + 0.5)


def test_words_of_cellprofiler_are_its_features(images):
    own, theirs = frame_of(images, "samhq"), frame_of(images, "cellprofiler")
    assert theirs["ImageNumber"].tolist() == [1] * 30 + [2] * 3
    assert theirs["ObjectNumber"].tolist() == own["object"].tolist()
    features = [word.name for name, word in DIALECTS["cellprofiler"].items() if name != "object"]
    assert all(re.fullmatch(r"(AreaShape|Intensity)_\w+", name) for name in features)
    assert np.allclose(theirs["AreaShape_Orientation"], np.degrees(own["orientation"]))
    area, hull = theirs["AreaShape_Area"], theirs["AreaShape_ConvexArea"]
    assert np.allclose(area / hull, theirs["AreaShape_Solidity"])


@pytest.mark.parametrize("angle", [0, 30, 60, 90, 120, 150])
def test_the_angle_of_imagej_runs_from_the_x_axis_against_the_clock(angle):
    picture = np.zeros((61, 61), np.uint8)
    cv2.ellipse(picture, (30, 30), (25, 8), -angle, 0, 360, 1, -1)  # OpenCV turns with the clock
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    mask = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] > 0
    found = frame_of(Images(result_of(table_of([mask]))), "imagej")["Angle"][0]
    assert abs((found - angle + 90) % 180 - 90) < 1.5


def test_nothing_chosen_is_what_tables_always_had():
    assert ObjectColumns().names == OBJECT_COLUMNS
    before, after = OBJECT_COLUMNS.index("point_y"), OBJECT_COLUMNS.index("page")
    assert after == before + 1
    names = ObjectColumns(shapes=("perimeter",)).names
    assert names[: before + 1] + names[before + 2 :] == OBJECT_COLUMNS


def test_the_manual_says_how_columns_are_called_elsewhere():
    page = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    for name in SHAPE_NAMES:
        cells = [cell.strip() for cell in re.search(rf"^\| `{name}` \|.*$", page, re.MULTILINE)[0].split("|")]
        for dialect in ("imagej", "cellprofiler"):
            word = DIALECTS[dialect].get(name)
            assert word is None or f"`{word.name}`" in cells, (name, dialect)
    for dialect in ("imagej", "cellprofiler"):
        for word in DIALECTS[dialect].values():
            assert f"`{word.name}`" in page
