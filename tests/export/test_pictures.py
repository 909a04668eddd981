"""Annotated pictures, their names, contact sheets: drawn right, readable, never lost."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samhq.export.names import output_stems, picture_names
from samhq.export.pictures import Label, annotate, place_labels, write_picture
from samhq.export.sheet import ContactSheet
from samhq.export.text import draw_text, text_size
from samhq.files import safe_name
from samhq.filters import FilteredObjects, filter_objects
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.settings import FilterSettings
from samhq.store import ImageRecord

GRAY = 120


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


def table_of(*crops: tuple[int, int, np.ndarray], height: int, width: int) -> MaskTable:
    runs = [runs_from_crop(crop, x0=x, y0=y, height=height, width=width) for x, y, crop in crops]
    return MaskTable.from_runs(runs, height=height, width=width)


def filtered_of(masks: MaskTable, **values) -> FilteredObjects:
    level = np.full((masks.height, masks.width), 257 * GRAY, np.uint16)
    return filter_objects(measure_objects(level, masks).histograms, FilterSettings(**values))


def gray_image(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), GRAY, np.uint8)


def changed(picture: np.ndarray) -> np.ndarray:
    return (picture != GRAY).any(axis=2)


def block(side: int) -> np.ndarray:
    return np.ones((side, side), bool)


def test_the_outline_goes_around_the_whole_mask_and_its_holes():
    ring = block(300)
    ring[100:200, 100:200] = False
    masks = table_of((200, 400, ring), height=1000, width=1000)
    drawn = changed(annotate(gray_image(1000, 1000), masks, filtered_of(masks), label="none"))
    top, bottom, left, right = 400, 699, 200, 499
    for edge in (drawn[top, left : right + 1], drawn[bottom, left : right + 1]):
        assert edge.all()
    for edge in (drawn[top : bottom + 1, left], drawn[top : bottom + 1, right]):
        assert edge.all()
    rows, columns = np.nonzero(drawn)
    assert (rows.min() + rows.max(), columns.min() + columns.max()) == (top + bottom, left + right)
    assert drawn[499, 310:390].all()  # the upper rim of the hole
    assert drawn[600, 310:390].all()
    assert not drawn[520:580, 320:380].any()
    assert not drawn[420:480, 220:480].any()
    assert not drawn[:390].any()


def test_the_outline_is_that_of_the_whole_mask_whatever_the_aggregation_range():
    masks = table_of((100, 100, block(200)), height=700, width=700)
    level = np.full((700, 700), 65535, np.uint16)
    level[:, 200:] = 0
    image = gray_image(700, 700)
    histograms = measure_objects(level, masks).histograms
    narrow = filter_objects(histograms, FilterSettings(min_area=1, min_aggregation=50))
    wide = filter_objects(histograms, FilterSettings(min_area=1, min_aggregation=0))
    assert narrow.area[0] < wide.area[0]
    assert np.array_equal(
        annotate(image, masks, narrow, label="none"), annotate(image, masks, wide, label="none")
    )


def test_an_object_at_the_border_is_outlined_there_too():
    masks = table_of((0, 0, block(700)), height=700, width=700)
    drawn = changed(annotate(gray_image(700, 700), masks, filtered_of(masks), label="none"))
    assert drawn[0].all()
    assert drawn[-1].all()
    assert drawn[:, 0].all()
    assert drawn[:, -1].all()


def test_dropped_objects_are_not_drawn_and_not_counted():
    masks = table_of((50, 50, block(10)), (400, 400, block(200)), height=700, width=700)
    filtered = filtered_of(masks, min_area=1000)
    only = masks[[1]]
    with_dropped = annotate(gray_image(700, 700), masks, filtered, label="number")
    assert np.array_equal(
        with_dropped, annotate(gray_image(700, 700), only, filtered_of(only, min_area=1000), label="number")
    )
    assert not changed(with_dropped)[:200, :200].any()


@pytest.mark.parametrize("label", ["values", "number", "none"])
def test_without_objects_the_picture_is_the_image(label):
    masks = MaskTable.empty(height=700, width=800)
    assert np.array_equal(
        annotate(gray_image(700, 800), masks, filtered_of(masks), label=label), gray_image(700, 800)
    )


@pytest.mark.parametrize("label", ["values", "number", "none"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 7)])
def test_tiny_and_thin_images_can_be_annotated(shape, label):
    height, width = shape
    masks = table_of((0, 0, np.ones(shape, bool)), height=height, width=width)
    picture = annotate(gray_image(*shape), masks, filtered_of(masks, min_area=1), label=label)
    factor = picture.shape[0] // height
    assert picture.shape == (height * factor, width * factor, 3)
    assert changed(picture).any()


def test_small_images_are_enlarged_by_whole_pixels_so_that_labels_can_be_read():
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    masks = MaskTable.empty(height=60, width=90)
    picture = annotate(image, masks, filtered_of(masks), label="values")
    factor = picture.shape[0] // 60
    assert min(picture.shape[:2]) >= 512
    assert np.array_equal(picture[::factor, ::factor], image)
    assert np.array_equal(picture[factor - 1 :: factor, factor - 1 :: factor], image)


def test_masks_of_another_image_are_refused():
    masks = table_of((0, 0, block(30)), height=50, width=50)
    with pytest.raises(ValueError, match="differ in size"):
        annotate(gray_image(50, 60), masks, filtered_of(masks), label="none")


def test_close_objects_have_different_colours():
    crops = [(x, 300, block(60)) for x in range(40, 640, 66)]
    masks = table_of(*crops, height=700, width=700)
    picture = annotate(gray_image(700, 700), masks, filtered_of(masks), label="none")
    colors = [tuple(picture[330, x]) for x, _, _ in crops]
    assert all(first != second for first, second in pairwise(colors))


def test_a_label_goes_where_it_hides_no_other_object():
    objects = np.zeros((300, 600), np.uint8)
    objects[140:160, 300:320] = 1
    objects[100:200, 322:600] = 1  # a neighbour on the right, where a label would go first
    (place,) = place_labels([Label((300, 140, 320, 160), ("A:1 I:2 R:3",))], objects=objects, size=14)
    w, h = text_size(place.text, 14)
    assert not objects[place.y : place.y + h, place.x : place.x + w].any()


def test_labels_differ_by_style():
    masks = table_of((300, 300, block(200)), height=900, width=900)
    filtered = filtered_of(masks)
    values, number, none = (
        annotate(gray_image(900, 900), masks, filtered, label=label) for label in ("values", "number", "none")
    )
    inked = [int(changed(picture).sum()) for picture in (values, number, none)]
    assert inked[0] > inked[1] > inked[2]


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


PARTS = st.text(st.sampled_from("aAbé样😀.:?* _-"), min_size=1, max_size=12).filter(lambda t: t.strip("."))


PATHS = st.lists(
    st.tuples(st.lists(PARTS, max_size=2), PARTS, st.sampled_from([".png", ".PNG", ".tif", ""])).map(
        lambda t: "/".join([*t[0], t[1] + t[2]])
    ),
    max_size=12,
    unique=True,
)


@given(PATHS, st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_names_are_unique_in_every_case_and_accepted_by_windows(paths, pages):
    records = [
        ImageRecord(path=path, page=page, status="done", pages=pages)
        for path in paths
        for page in range(1, pages + 1)
    ]
    names = picture_names(records)
    assert len(names) == len(records)
    assert len({name.casefold() for name in names.values()}) == len(records)
    for name in names.values():
        assert all(part == safe_name(part) for part in name.split("/"))


# -------------------------------------------------------------------- contact sheet


def test_a_contact_sheet_shows_every_picture_once():
    sheet = ContactSheet()
    name = "ein sehr langer Ordner/mit einem sehr langen Namen/Präparat 测试"
    added = [sheet.add(f"{name} {i}.png", np.full((40 + i, 60, 3), i, np.uint8)) for i in range(80)]
    sheets = [s for s in (*added, sheet.rest()) if s is not None]
    assert added[71] is not None
    assert len(sheets) == 2
    shown = np.unique(np.concatenate([s[..., 0].ravel() for s in sheets]))
    assert set(range(80)) <= set(shown.tolist())
    assert ContactSheet().rest() is None


def test_a_contact_sheet_shows_every_picture_with_a_name_below():
    sheet = ContactSheet()
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    for number, color in enumerate(colors):
        sheet.add(
            f"Präparat 样品 {number}" + "x" * 200, np.full((50 + 900 * number, 700, 3), color, np.uint8)
        )
    page = sheet.rest()
    assert page is not None
    for color in colors:
        assert (page == color).all(axis=2).sum() > 1000
    assert (page.max(axis=2) < 100).any()  # the dark ink of the names


def test_names_that_differ_only_in_how_accents_are_composed_stay_apart():
    stems = output_stems(records("\u00e9.png", "e\u0301.tif"))
    assert sorted(stems.values()) == ["e\u0301.tif", "\u00e9.png"]


def test_a_line_break_in_a_name_is_shown_as_a_box():
    sheet = ContactSheet()
    sheet.add("odd\nname\t.png", np.zeros((9, 9, 3), np.uint8))
    assert sheet.rest() is not None
    assert text_size("a\nb", 12) == text_size("a□b", 12)
