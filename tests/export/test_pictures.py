"""Annotated pictures, their names and the contact sheet."""

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
from samhq.export.text import text_size
from samhq.files import safe_name
from samhq.filters import FilteredObjects, filter_objects
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.settings import FilterSettings
from samhq.store import ImageRecord

GRAY = 120


def table_of(*crops: tuple[int, int, np.ndarray], height: int, width: int) -> MaskTable:
    runs = [runs_from_crop(crop, x0=x, y0=y, height=height, width=width) for x, y, crop in crops]
    return MaskTable.from_runs(runs, height=height, width=width)


def filtered_of(masks: MaskTable, **values) -> FilteredObjects:
    level = np.full((masks.height, masks.width), 257 * GRAY, np.uint16)
    return filter_objects(measure_objects(level, masks).histograms, FilterSettings(**values))


def gray(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), GRAY, np.uint8)


def changed(picture: np.ndarray) -> np.ndarray:
    return (picture != GRAY).any(axis=2)


def square(side: int) -> np.ndarray:
    return np.ones((side, side), bool)


# -------------------------------------------------------------------- outlines


def test_the_outline_goes_around_the_whole_mask_and_its_holes():
    ring = square(300)
    ring[100:200, 100:200] = False
    masks = table_of((200, 400, ring), height=1000, width=1000)
    drawn = changed(annotate(gray(1000, 1000), masks, filtered_of(masks), label="none"))
    top, bottom, left, right = 400, 699, 200, 499
    for edge in (drawn[top, left : right + 1], drawn[bottom, left : right + 1]):
        assert edge.all()
    for edge in (drawn[top : bottom + 1, left], drawn[top : bottom + 1, right]):
        assert edge.all()
    assert drawn[499, 310:390].all()  # the upper rim of the hole
    assert drawn[600, 310:390].all()
    assert not drawn[520:580, 320:380].any()
    assert not drawn[420:480, 220:480].any()
    assert not drawn[:390].any()


def test_the_outline_is_that_of_the_whole_mask_whatever_the_aggregation_range():
    masks = table_of((100, 100, square(200)), height=700, width=700)
    level = np.full((700, 700), 65535, np.uint16)
    level[:, 200:] = 0
    image = gray(700, 700)
    histograms = measure_objects(level, masks).histograms
    narrow = filter_objects(histograms, FilterSettings(min_area=1, min_aggregation=50))
    wide = filter_objects(histograms, FilterSettings(min_area=1, min_aggregation=0))
    assert narrow.area[0] < wide.area[0]
    assert np.array_equal(
        annotate(image, masks, narrow, label="none"), annotate(image, masks, wide, label="none")
    )


def test_an_object_at_the_border_is_outlined_there_too():
    masks = table_of((0, 0, square(700)), height=700, width=700)
    drawn = changed(annotate(gray(700, 700), masks, filtered_of(masks), label="none"))
    assert drawn[0].all()
    assert drawn[-1].all()
    assert drawn[:, 0].all()
    assert drawn[:, -1].all()


def test_dropped_objects_are_not_drawn_and_not_counted():
    masks = table_of((50, 50, square(10)), (400, 400, square(200)), height=700, width=700)
    filtered = filtered_of(masks, min_area=1000)
    only = masks[[1]]
    with_dropped = annotate(gray(700, 700), masks, filtered, label="number")
    assert np.array_equal(
        with_dropped, annotate(gray(700, 700), only, filtered_of(only, min_area=1000), label="number")
    )
    assert not changed(with_dropped)[:200, :200].any()


@pytest.mark.parametrize("label", ["values", "number", "none"])
def test_without_objects_the_picture_is_the_image(label):
    masks = MaskTable.empty(height=700, width=800)
    assert np.array_equal(annotate(gray(700, 800), masks, filtered_of(masks), label=label), gray(700, 800))


@pytest.mark.parametrize("label", ["values", "number", "none"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 7)])
def test_tiny_and_thin_images_can_be_annotated(shape, label):
    height, width = shape
    masks = table_of((0, 0, np.ones(shape, bool)), height=height, width=width)
    picture = annotate(gray(*shape), masks, filtered_of(masks, min_area=1), label=label)
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


def test_the_given_image_is_left_as_it_is():
    masks = table_of((100, 100, square(300)), height=700, width=700)
    image = gray(700, 700)
    annotate(image, masks, filtered_of(masks), label="values")
    assert not changed(image).any()


def test_masks_of_another_image_are_refused():
    masks = table_of((0, 0, square(30)), height=50, width=50)
    with pytest.raises(ValueError, match="differ in size"):
        annotate(gray(50, 60), masks, filtered_of(masks), label="none")


def test_close_objects_have_different_colours():
    crops = [(x, 300, square(60)) for x in range(40, 640, 66)]
    masks = table_of(*crops, height=700, width=700)
    picture = annotate(gray(700, 700), masks, filtered_of(masks), label="none")
    colors = [tuple(picture[330, x]) for x, _, _ in crops]
    assert all(first != second for first, second in pairwise(colors))


# -------------------------------------------------------------------- labels


@st.composite
def layouts(draw):
    width, height = draw(st.integers(1, 500)), draw(st.integers(1, 400))
    labels = []
    for _ in range(draw(st.integers(0, 40))):
        x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        box = x0, y0, draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
        labels.append(Label(box, ("A:123 I:4567.8 R:37.0", f"#{len(labels)}")))
    return labels, np.zeros((height, width), np.uint8), draw(st.integers(8, 30))


@given(layouts())
@settings(max_examples=60, deadline=None)
def test_labels_lie_inside_and_never_on_each_other(layout):
    labels, objects, size = layout
    for label in labels:
        x0, y0, x1, y1 = label.box
        objects[y0:y1, x0:x1] = 1
    places = place_labels(labels, objects=objects, size=size)
    assert len(places) == len(labels)
    covered = np.zeros(objects.shape, np.int32)
    for label, place in zip(labels, places, strict=True):
        assert place.text in (*label.texts, "")
        if place.text:
            w, h = text_size(place.text, size)
            assert place.x >= 0
            assert place.y >= 0
            assert place.x + w <= objects.shape[1]
            assert place.y + h <= objects.shape[0]
            covered[place.y : place.y + h, place.x : place.x + w] += 1
    assert covered.max(initial=0) <= 1


def test_a_label_without_room_shrinks_to_its_short_text_then_gives_way():
    text, short = "A:1234 I:56789.0 R:45.0", "#1"
    width, height = text_size(short, 12)
    narrow = np.ones((height, width + 4), np.uint8)
    labels = [Label((0, 0, width + 4, height), (text, short))] * 3
    assert [p.text for p in place_labels(labels, objects=narrow, size=12)] == [short, "", ""]


def test_a_label_goes_where_it_hides_no_other_object():
    objects = np.zeros((300, 600), np.uint8)
    objects[140:160, 300:320] = 1
    objects[100:200, 322:600] = 1  # a neighbour on the right, where a label would go first
    (place,) = place_labels([Label((300, 140, 320, 160), ("A:1 I:2 R:3",))], objects=objects, size=14)
    w, h = text_size(place.text, 14)
    assert not objects[place.y : place.y + h, place.x : place.x + w].any()


def test_labels_differ_by_style():
    masks = table_of((300, 300, square(200)), height=900, width=900)
    filtered = filtered_of(masks)
    values, number, none = (
        annotate(gray(900, 900), masks, filtered, label=label) for label in ("values", "number", "none")
    )
    inked = [int(changed(picture).sum()) for picture in (values, number, none)]
    assert inked[0] > inked[1] > inked[2]


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_labels_can_be_read_on_every_ground(ground):
    masks = table_of((10, 10, square(20)), height=700, width=700)
    picture = annotate(np.full((700, 700, 3), ground, np.uint8), masks, filtered_of(masks), label="values")
    w, h = text_size("A:400", 11)
    label = cv2.cvtColor(picture[10 : 10 + h, 40 : 40 + w], cv2.COLOR_RGB2GRAY).astype(int)
    assert np.percentile(label, 99) - np.percentile(label, 30) > 70


def test_crowded_pictures_get_numbers():
    lattice = [(x, y, square(8)) for y in range(0, 690, 30) for x in range(0, 690, 30)]
    masks = table_of(*lattice, height=700, width=700)
    filtered = filtered_of(masks, min_area=1)
    values, number = (
        annotate(gray(700, 700), masks, filtered, label=label) for label in ("values", "number")
    )
    assert np.array_equal(values, number)


def test_ten_thousand_objects_can_be_annotated():
    dots = [(x, y, square(6)) for y in range(2, 1002, 10) for x in range(2, 1002, 10)]
    masks = table_of(*dots, height=1004, width=1004)
    assert len(masks) == 10_000
    picture = annotate(gray(1004, 1004), masks, filtered_of(masks, min_area=1), label="values")
    drawn = changed(picture)
    assert all(drawn[y, x] for x, y, _ in dots)


# -------------------------------------------------------------------- files


def test_a_picture_is_written_whole_with_its_colours(tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = write_picture(tmp_path / "Präparat 样品" / "a_sam_hq.png", picture)
    assert [p.name for p in path.parent.iterdir()] == ["a_sam_hq.png"]
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), picture)


def names_of(*paths: str) -> dict[str, str]:
    records = [ImageRecord(path=path, page=1, status="done") for path in paths]
    return {path: name for (path, _), name in picture_names(records).items()}


def test_pictures_keep_the_subfolders_and_the_stem():
    assert names_of("tray 1/Präparat 样品.tif", "b.png") == {
        "tray 1/Präparat 样品.tif": "tray 1/Präparat 样品_sam_hq.png",
        "b.png": "b_sam_hq.png",
    }


def test_colliding_stems_keep_their_extension():
    names = names_of("a.png", "a.tif", "A.jpg", "sub/a.png")
    assert names == {
        "a.png": "a.png_sam_hq.png",
        "a.tif": "a.tif_sam_hq.png",
        "A.jpg": "A.jpg_sam_hq.png",
        "sub/a.png": "sub/a_sam_hq.png",
    }


def test_pages_are_numbered_only_where_there_are_several():
    records = [ImageRecord(path="s.tif", page=page, status="done", pages=12) for page in (1, 12)]
    records.append(ImageRecord(path="one.tif", page=1, status="done"))
    assert list(picture_names(records).values()) == [
        "s_page-01_sam_hq.png",
        "s_page-12_sam_hq.png",
        "one_sam_hq.png",
    ]
    assert output_stems(records)["s.tif", 12] == "s_page-12"


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


def test_long_names_are_cut_and_stay_unique():
    long = "样" * 83
    names = names_of(f"{long}一.png", f"{long}二.png", f"{'f' * 250}/x.png")
    assert len(set(names.values())) == 3
    for name in names.values():
        assert all(len(part.encode("utf-8")) <= 200 for part in name.split("/"))
        assert name.endswith("_sam_hq.png")


# -------------------------------------------------------------------- contact sheet


def test_a_contact_sheet_shows_every_picture_with_a_name_below():
    sheet = ContactSheet()
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    for number, color in enumerate(colors):
        sheet.add(
            f"Präparat 样品 {number}" + "x" * 200, np.full((50 + 900 * number, 700, 3), color, np.uint8)
        )
    (page,) = sheet.sheets()
    for color in colors:
        assert (page == color).all(axis=2).sum() > 1000
    assert (page.max(axis=2) < 100).any()  # the dark ink of the names


def test_many_pictures_go_on_several_sheets():
    sheet = ContactSheet()
    assert sheet.sheets() == []
    for number in range(101):
        sheet.add(f"{number}.png", np.full((4, 5, 3), 9, np.uint8))
    pages = sheet.sheets()
    assert len(pages) == 2
    assert sum(int((page == 9).all(axis=2).sum()) for page in pages) == 101 * 20
