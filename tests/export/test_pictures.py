"""Annotated pictures, their names, contact sheets: drawn right, readable, never lost."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samhq.export.names import output_stems, picture_names
from samhq.export.pictures import Label, annotate, place_labels, write_picture
from samhq.export.sheet import ContactSheet
from samhq.export.text import draw_text, text_size
from samhq.filters import filter_objects
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.settings import FilterSettings
from samhq.store import ImageRecord


def annotated(labels: np.ndarray, *, label: str = "none", ground: int = 128, **values) -> np.ndarray:
    table = MaskTable.from_labels(labels)
    level = np.full(labels.shape, ground * 257, np.uint16)
    filtered = filter_objects(measure_objects(level, table).histograms, FilterSettings(**values))
    rgb = np.full((*labels.shape, 3), ground, np.uint8)
    before = rgb.copy()
    picture = annotate(rgb, table, filtered, label=label)
    assert np.array_equal(rgb, before)
    return picture


def square(size: int = 700, at: tuple[int, int] = (200, 300), side: int = 100) -> np.ndarray:
    labels = np.zeros((size, size), np.uint8)
    labels[at[1] : at[1] + side, at[0] : at[0] + side] = 1
    return labels


def test_the_contour_surrounds_the_whole_mask_and_nothing_else_changes():
    picture = annotated(square())
    changed = (picture != 128).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.min(), columns.max()) == pytest.approx((200, 299), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((300, 399), abs=3)
    assert not changed[310:390, 210:290].any()


def test_holes_are_outlined_too():
    labels = square()
    labels[340:360, 240:260] = 0
    changed = (annotated(labels) != 128).any(axis=2)
    assert changed[335:365, 235:265].any()


def test_dropped_objects_are_not_drawn():
    assert (annotated(square(), min_area=10_001) == 128).all()


def test_small_pictures_are_enlarged_by_whole_pixels():
    picture = annotated(np.zeros((100, 150), np.uint8))
    assert picture.shape == (700, 1050, 3)
    assert annotated(np.zeros((1, 1), np.uint8)).shape == (640, 640, 3)
    assert annotated(np.zeros((1, 20000), np.uint8)).shape == (1, 20000, 3)
    assert annotated(np.zeros((3000, 2500), np.uint8)).shape == (3000, 2500, 3)


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("label", ["values", "number"])
def test_labels_stand_out_on_any_ground(ground, label):
    picture = annotated(square(), label=label, ground=ground)
    inside = picture[305:395, 205:295] if label == "number" else picture[:, 305:600]
    gray = cv2.cvtColor(inside, cv2.COLOR_RGB2GRAY).astype(int)
    box = gray[(gray != ground)]
    # 4.5:1 contrast between ink and the darkened ground behind it (WCAG 2).
    light, dark = (box.max() / 255) ** 2.2, (min(box.min(), gray.min()) / 255) ** 2.2
    assert (light + 0.05) / (dark + 0.05) >= 4.5


BOXES = st.lists(
    st.tuples(st.integers(0, 380), st.integers(0, 280), st.integers(1, 60), st.integers(1, 60)), max_size=40
)


@settings(max_examples=60)
@given(BOXES)
def test_labels_never_overlap_and_lie_inside(boxes):
    objects = np.zeros((340, 440), np.uint8)
    for x, y, w, h in boxes:
        objects[y : y + h, x : x + w] = 1
    labels = [
        Label((x, y, x + w, y + h), (f"A:{n * 37} I:{n * 1000.5} R:50.0", f"#{n}"))
        for n, (x, y, w, h) in enumerate(boxes)
    ]
    places = place_labels(labels, objects=objects, size=12)
    assert len(places) == len(labels)
    covered = np.zeros((340, 440), int)
    for place in places:
        if place.text:
            w, h = text_size(place.text, 12)
            assert place.x >= 0
            assert place.y >= 0
            assert place.x + w <= 440
            assert place.y + h <= 340
            covered[place.y : place.y + h, place.x : place.x + w] += 1
    assert covered.max(initial=0) <= 1


def test_a_label_falls_back_to_its_number_and_then_to_nothing():
    long = "A:123456 I:12345678.9 R:50.0"
    width, height = text_size(long, 12)
    crowd = [Label((0, 0, width, height), (long, "#1"))] * 40
    objects = np.zeros((height + 4, width + 40), np.uint8)
    texts = [place.text for place in place_labels(crowd, objects=objects, size=12)]
    assert texts[0] == long
    assert "#1" in texts
    assert texts[-1] == ""


def test_crowded_pictures_carry_numbers_instead_of_values():
    labels = np.arange(400).reshape(20, 20).repeat(35, axis=0).repeat(35, axis=1) + 1
    values = annotated(labels, label="values")
    numbers = annotated(labels, label="number")
    assert np.array_equal(values, numbers)


def test_ten_thousand_objects_are_drawn():
    labels = np.arange(10_000).reshape(100, 100).repeat(8, axis=0).repeat(8, axis=1) + 1
    height, width = labels.shape
    boxes = [(x, y) for y in range(0, height, 8) for x in range(0, width, 8)]
    runs = [np.array([x * height + y, 6] + [height - 6, 6] * 5, np.uint32) for x, y in boxes]
    table = MaskTable.from_runs(
        [np.append(r, height * width - r.sum()) for r in runs], height=height, width=width
    )
    filtered = filter_objects(
        measure_objects(np.zeros((height, width), np.uint16), table).histograms, FilterSettings()
    )
    picture = annotate(np.zeros((height, width, 3), np.uint8), table, filtered, label="values")
    assert (picture != 0).any(axis=2).mean() > 0.2


def test_a_picture_is_written_in_its_colours(tmp_path):
    picture = np.zeros((4, 5, 3), np.uint8)
    picture[..., 0] = 200
    path = write_picture(tmp_path / "Größe" / "µ.png", picture)
    again = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(again[..., ::-1], picture)


def test_text_outside_the_picture_is_cut_off():
    picture = np.zeros((10, 10, 3), np.uint8)
    draw_text(picture, "hello", x=-5, y=-5, size=12, color=(255, 255, 255))
    draw_text(picture, "hello", x=100, y=100, size=12, color=(255, 255, 255))
    assert picture.any()


# -------------------------------------------------------------------- names


def records(*paths: str, pages: int = 1, page: int = 1) -> list[ImageRecord]:
    return [ImageRecord(path=p, page=page, status="done", pages=pages) for p in paths]


def test_pictures_keep_their_folders_and_stems():
    names = picture_names(records("a.png", "tief/b c.TIF"))
    assert names == {("a.png", 1): "a_sam_hq.png", ("tief/b c.TIF", 1): "tief/b c_sam_hq.png"}


def test_stems_that_collide_keep_their_extension():
    names = picture_names(records("a.png", "a.tif", "A.jpg", "b.png", "x/a.png"))
    assert sorted(names.values()) == [
        "A.jpg_sam_hq.png",
        "a.png_sam_hq.png",
        "a.tif_sam_hq.png",
        "b_sam_hq.png",
        "x/a_sam_hq.png",
    ]


def test_pages_are_numbered():
    stack = records("s.tif", pages=12, page=3) + records("s.tif", pages=12, page=12)
    assert sorted(output_stems(stack).values()) == ["s_page-03", "s_page-12"]


NAME = st.text(
    st.sampled_from('aA.:<> é\\"?*|\x01b') | st.characters(codec="utf-8", exclude_characters="/\0"),
    min_size=1,
    max_size=6,
)


@given(st.lists(st.tuples(NAME, st.sampled_from([".png", ".TIF"])).map("".join), unique=True, max_size=12))
def test_names_are_unique_and_fit_every_system(paths):
    paths = [p for p in paths if p not in (".", "..")]
    stems = output_stems(records(*paths))
    assert len({s.casefold() for s in stems.values()}) == len(paths)
    for stem in stems.values():
        for part in stem.split("/"):
            assert not set(part) & set('<>:"\\|?*\x01')


def test_very_long_names_are_cut_and_stay_apart():
    stems = output_stems(records("ä" * 120 + "1.png", "ä" * 120 + "2.png"))
    assert len(set(stems.values())) == 2
    assert all(len(s.encode()) <= 180 for s in stems.values())


# -------------------------------------------------------------------- contact sheet


def test_a_contact_sheet_shows_every_picture_once():
    sheet = ContactSheet()
    for i in range(80):
        sheet.add(
            f"ein sehr langer Ordner/mit einem sehr langen Namen/Präparat 测试 {i}.png",
            np.full((40 + i, 60, 3), i, np.uint8),
        )
    sheets = sheet.sheets()
    assert len(sheets) == 2
    shown = np.unique(np.concatenate([s[..., 0].ravel() for s in sheets]))
    assert set(range(80)) <= set(shown.tolist())
    assert ContactSheet().sheets() == []
