"""Ways of prompting other than the full grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from model_fixtures import discs
from samhq.filters import aggregation_of_levels
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, Event, StoppableMonitor
from samhq.network.checkpoint import LoadedModel
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.segmentation.grids import Crop, point_grid
from samhq.segmentation.prompting import (
    coarse_to_fine,
    covered,
    dark_pixels,
    finder_settings,
    has_dark_cell,
    prompts_at,
)
from samhq.settings import SegmentationSettings

WAYS = ("grid", "adaptive", "dark-guided", "discovered")
CENTRES = ((30, 30), (80, 60), (130, 30), (40, 90), (120, 95))
THRESHOLDS: dict[str, Any] = {"pred_iou_thresh": 0.3, "stability_score_thresh": 0.5}
SIDE = 8  # points along a side of the grid
LOOSE: dict[str, Any] = {**THRESHOLDS, "points_per_side": SIDE, "min_mask_region_area": 0}
Picture = npt.NDArray[np.uint8]


def dark_discs() -> Picture:
    return 255 - discs()


def generator(starter: LoadedModel, way: str, *, batch: int = 16, **changes: Any) -> AutomaticMaskGenerator:
    chosen = SegmentationSettings(**{**LOOSE, **changes, "prompts": way})
    finder = AutomaticMaskGenerator(starter, finder_settings(chosen, THRESHOLDS), points_per_batch=batch)
    return AutomaticMaskGenerator(starter, chosen, points_per_batch=batch, finder=finder)


@contextmanager
def counted(starter: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """How many pictures are encoded, and how many points, and points with boxes, are decoded."""
    counts = {"encoded": 0, "points": 0, "boxes": 0}
    encode, decode = starter.model.encode_image, starter.model.decode

    def encode_counted(image: Picture) -> Any:
        counts["encoded"] += 1
        return encode(image)

    def decode_counted(features: Any, prompts: Any, **named: Any) -> Any:
        counts["points" if prompts.boxes is None else "boxes"] += len(prompts)
        return decode(features, prompts, **named)

    with monkeypatch.context() as patch:
        patch.setattr(starter.model, "encode_image", encode_counted)
        patch.setattr(starter.model, "decode", decode_counted)
        yield counts


def finds(table: MaskTable) -> int:
    """How many of the discs are masks."""
    y, x = np.mgrid[:120, :160]
    masks = [table.mask(i) for i in range(len(table))]
    wanted = [(x - cx) ** 2 + (y - cy) ** 2 < 14**2 for cx, cy in CENTRES]
    return sum(any((disc & m).sum() > 0.7 * (disc | m).sum() for m in masks) for disc in wanted)


# --------------------------------------------------------------- all of them


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_the_objects(starter: LoadedModel, way: str) -> None:
    assert finds(generator(starter, way).generate(dark_discs())) == 5


@pytest.mark.parametrize("way", WAYS[1:])
def test_the_others_ask_the_model_less(
    starter: LoadedModel, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(starter, monkeypatch) as counts:
        table = generator(starter, way).generate(dark_discs())
    if way == "discovered":
        assert (counts["encoded"], counts["points"]) == (2, SIDE**2)
        assert len(table) <= counts["boxes"] < SIDE**2
    else:
        assert (counts["encoded"], counts["boxes"]) == (1, 0)
        assert 5 <= counts["points"] < SIDE**2


@pytest.mark.parametrize("way", WAYS)
def test_the_size_of_the_batch_changes_no_mask(starter: LoadedModel, way: str) -> None:
    together = generator(starter, way, batch=64).generate(dark_discs())
    apart = generator(starter, way, batch=3).generate(dark_discs())
    np.testing.assert_array_equal(together.runs, apart.runs)


@pytest.mark.parametrize("way", WAYS)
def test_progress_never_goes_back_and_ends_whole(starter: LoadedModel, way: str) -> None:
    events: list[Event] = []
    table = generator(starter, way, crop_n_layers=1, crop_n_points_downscale_factor=2).generate(
        dark_discs(), monitor=StoppableMonitor(events.append)
    )
    parts = [e.part for e in events]
    assert len({e.parts for e in events}) == 1
    assert parts == sorted(parts)
    assert (events[0].part, events[-1].part) == (0, events[-1].parts)
    assert events[-1].objects == len(table)


@pytest.mark.parametrize("way", WAYS)
def test_masks_found_so_far_are_those_of_the_whole_in_the_end(starter: LoadedModel, way: str) -> None:
    so_far: list[MaskTable] = []
    table = generator(starter, way).generate(dark_discs(), on_masks=so_far.append)
    np.testing.assert_array_equal(so_far[-1].runs, table.runs)


@pytest.mark.parametrize("way", WAYS)
def test_crops_find_the_objects_in_pixels_of_the_image(starter: LoadedModel, way: str) -> None:
    table = generator(starter, way, crop_n_layers=1).generate(dark_discs())
    # The starter draws a speck beside some objects of so small a crop when it is given a box.
    assert finds(table) >= (3 if way == "discovered" else 5)
    assert (table.boxes[:, :2] >= table.crop_boxes[:, :2]).all()
    assert (table.boxes[:, 2:] <= table.crop_boxes[:, 2:]).all()
    assert (table.points >= table.crop_boxes[:, :2]).all()
    assert (table.points < table.crop_boxes[:, 2:]).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", [0, 1])
def test_the_work_stops_between_batches(starter: LoadedModel, way: str, at: int) -> None:
    events: list[Event] = []

    def stop(event: Event) -> None:
        events.append(event)
        if event.part >= at:
            monitor.stop()

    monitor = StoppableMonitor(stop)
    with pytest.raises(Cancelled):
        generator(starter, way, batch=4).generate(dark_discs(), monitor=monitor)
    assert events[-1].part < events[-1].parts


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (40, 60)])
@pytest.mark.parametrize("gray", [0, 255])
def test_empty_and_tiny_pictures_give_a_valid_table(
    starter: LoadedModel, way: str, shape: tuple[int, int], gray: int
) -> None:
    table = generator(starter, way, points_per_side=2, crop_n_layers=1).generate(
        np.full((*shape, 3), gray, np.uint8)
    )
    assert (table.height, table.width) == shape
    assert all(table.areas() > 0)


@pytest.mark.parametrize("way", WAYS)
def test_own_points_work_as_a_grid_does(starter: LoadedModel, way: str) -> None:
    own = [[(x / 160, y / 120) for x, y in (*CENTRES, (5, 60), (155, 118))]]
    table = generator(starter, way, points_per_side=None, point_grids=own).generate(dark_discs())
    assert finds(table) >= (4 if way == "discovered" else 5)


# -------------------------------------------------------------------- adaptive


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_every_point_is_asked_in_exactly_one_round(count: int, places: int, seed: int) -> None:
    # Few places let points lie upon each other and on the edges.
    points = np.random.default_rng(seed).integers(0, places + 1, (count, 2)) / places
    rounds = coarse_to_fine(points)
    assert sorted(np.concatenate(rounds).tolist()) == list(range(count))
    assert all(len(chosen) for chosen in rounds)


def test_rounds_of_a_grid_become_finer() -> None:
    points = point_grid(32)
    rounds = coarse_to_fine(points)
    assert [len(chosen) for chosen in rounds] == [64, 64, 128, 256, 512]
    first = points[rounds[0]]
    assert np.allclose(np.diff(np.unique(first[:, 0])), 1 / 8)
    assert [len(chosen) for chosen in coarse_to_fine(point_grid(1))] == [1]


def test_where_no_mask_covers_anything_adaptive_gives_the_masks_of_the_grid(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samhq.segmentation.prompting._LARGEST_COVER", 0.0)
    by_grid = generator(starter, "grid").generate(dark_discs())
    adaptive = generator(starter, "adaptive").generate(dark_discs())
    assert len(by_grid) > 4
    np.testing.assert_array_equal(np.sort(adaptive.areas()), np.sort(by_grid.areas()))


def test_points_in_masks_are_covered_and_those_in_the_largest_are_not() -> None:
    labels = np.zeros((40, 80), np.int32)
    labels[10:15, 30:40] = 1
    labels[:, 50:] = 2
    crop = Crop(20, 5, 80, 40, 1)
    points = np.array([[10.0, 5.0], [19.9, 9.9], [20.0, 5.0], [9.9, 5.0], [35.0, 10.0], [60.0, 35.0]])
    found = covered(points, MaskTable.from_labels(labels), crop)
    assert found.tolist() == [True, True, False, False, False, False]


def test_smaller_crops_are_asked_only_where_larger_ones_have_found_nothing(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner: list[npt.NDArray[np.float64]] = []
    segment = AutomaticMaskGenerator._segment_batch

    def recorded(self: Any, job: Any, crop: Crop, *, prompts: Any, **named: Any) -> MaskTable:
        if crop.layer:
            inner.append(prompts.points + np.array([crop.x0, crop.y0]))
        return segment(self, job, crop, prompts=prompts, **named)

    monkeypatch.setattr(AutomaticMaskGenerator, "_segment_batch", recorded)
    found = generator(starter, "adaptive").generate(dark_discs())
    both = generator(starter, "adaptive", crop_n_layers=1).generate(dark_discs())
    asked = np.concatenate(inner)
    assert 0 < len(asked) < 4 * SIDE**2
    assert not covered(asked, found, Crop(0, 0, 160, 120, 0)).any()
    assert finds(both) == 5


# ----------------------------------------------------------------- dark-guided


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_point_stays_if_any_pixel_of_its_cell_is_dark(
    height: int, width: int, side: int, seed: int
) -> None:
    dark = np.random.default_rng(seed).random((height, width)) < 0.05
    kept = has_dark_cell(dark, point_grid(side)).reshape(side, side)
    for row in range(side):
        for column in range(side):
            # In whole numbers: the pixels that the cell touches.
            y0, y1 = row * height // side, -(-(row + 1) * height // side)
            x0, x1 = column * width // side, -(-(column + 1) * width // side)
            assert kept[row, column] == dark[y0:y1, x0:x1].any()


@pytest.mark.parametrize("polarity", ["dark", "bright"])
@pytest.mark.parametrize("least", [0.0, 20.0, 100 * 51 / 255, 100.0])
def test_the_number_means_aggregation_of_the_picture(polarity: str, least: float) -> None:
    gray = np.arange(256, dtype=np.uint8)[None].repeat(2, axis=0)
    chosen = SegmentationSettings(
        prompts="dark-guided", prompt_min_aggregation=least, prompt_polarity=polarity
    )
    dark = dark_pixels(np.dstack([gray] * 3), chosen)
    level = gray.astype(np.int64) * 257
    np.testing.assert_array_equal(dark, aggregation_of_levels(polarity)[level] >= least)


@pytest.mark.parametrize(("polarity", "picture"), [("dark", dark_discs()), ("bright", discs())])
def test_otsu_takes_the_objects_of_either_polarity(polarity: str, picture: Picture) -> None:
    chosen = SegmentationSettings(prompts="dark-guided", prompt_polarity=polarity)
    np.testing.assert_array_equal(dark_pixels(picture, chosen), discs()[..., 0] > 100)


def test_bright_objects_are_found_with_the_other_polarity(starter: LoadedModel) -> None:
    assert finds(generator(starter, "dark-guided", prompt_polarity="bright").generate(discs())) == 5


def test_nothing_dark_enough_means_no_work_at_all(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    with counted(starter, monkeypatch) as counts:
        table = generator(starter, "dark-guided", prompt_min_aggregation=99).generate(
            dark_discs(), monitor=StoppableMonitor(events.append)
        )
    assert len(table) == 0
    assert set(counts.values()) == {0}
    assert [(e.part, e.parts) for e in events] == [(1, 1)]


def test_crops_without_dark_pixels_are_not_encoded(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.full((120, 160, 3), 235, np.uint8)
    picture[10:30, 10:30] = 40
    with counted(starter, monkeypatch) as counts:
        generator(starter, "dark-guided", crop_n_layers=1).generate(picture)
    assert counts["encoded"] == 2  # the whole, and the one part with the object


# ------------------------------------------------------------------ discovered


def test_objects_are_asked_for_in_their_crop_by_box_and_innermost_point() -> None:
    labels = np.zeros((60, 80), np.int32)
    labels[10:21, 20:51] = 1
    labels[10:12, 20:51] = 0
    labels[40:43, 60:75] = 2
    found = MaskTable.from_labels(labels)
    found.crop_boxes[1] = (30, 20, 80, 60)
    whole, part, empty = prompts_at(
        found, [Crop(0, 0, 80, 60, 0), Crop(30, 20, 80, 60, 1), Crop(0, 0, 40, 30, 1)]
    )
    assert whole.boxes is not None
    assert part.boxes is not None
    assert whole.boxes.tolist() == [[20, 12, 50, 20]]
    assert part.boxes.tolist() == [[30, 20, 44, 22]]
    (x, y), (u, v) = whole.points[0], part.points[0]
    assert y == 16
    assert 24 <= x <= 46
    assert v == 21
    assert 31 <= u <= 43
    assert len(empty) == 0


def test_without_objects_the_second_model_has_nothing_to_do(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = SegmentationSettings(**LOOSE, prompts="discovered")
    blind = AutomaticMaskGenerator(starter, finder_settings(chosen, {"pred_iou_thresh": 1.0}))
    events: list[Event] = []
    with counted(starter, monkeypatch) as counts:
        table = AutomaticMaskGenerator(starter, chosen, finder=blind).generate(
            dark_discs(), monitor=StoppableMonitor(events.append)
        )
    assert len(table) == 0
    assert counts == {"encoded": 1, "points": SIDE**2, "boxes": 0}
    assert [(e.part, e.parts) for e in events] == [(0, 2), (1, 2), (2, 2)]


def test_discovered_needs_a_finder(starter: LoadedModel) -> None:
    with pytest.raises(ValueError, match="give a finder"):
        AutomaticMaskGenerator(starter, SegmentationSettings(prompts="discovered"))


def test_the_finder_takes_points_and_crops_and_its_own_thresholds() -> None:
    chosen = SegmentationSettings(
        model="vit_b",
        prompts="discovered",
        points_per_side=9,
        crop_n_layers=1,
        crop_overlap_ratio=0.2,
        pred_iou_thresh=0.97,
    )
    used = finder_settings(chosen, {"pred_iou_thresh": 0.6, "points_per_side": 32})
    assert (used.model, used.prompts, used.pred_iou_thresh) == ("starter", "grid", 0.6)
    assert (used.points_per_side, used.crop_n_layers, used.crop_overlap_ratio) == (9, 1, 0.2)
