"""One loaded model for many images and clicks; what it finds in an image is what a run finds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from model_fixtures import discs
from samhq import api
from samhq.errors import SettingsError
from samhq.filters import filter_objects
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.settings import Settings

SETTINGS = api.settings_with(
    points_per_side=6, pred_iou_thresh=0.3, stability_score_thresh=0.5, device="cpu", points_per_batch=8
)


@pytest.fixture(scope="module")
def engine() -> api.Engine:
    return api.load_engine(SETTINGS)


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("input") / "Präparat 1.png"
    path.write_bytes(cv2.imencode(".png", 255 - discs())[1].tobytes())
    return path


@pytest.fixture(scope="module")
def found(engine, picture) -> api.Segmentation:
    return engine.segment(api.read_image(picture, SETTINGS), SETTINGS, path=picture)


@pytest.fixture(scope="module")
def opened(picture, tmp_path_factory):
    with api.run(picture, out=tmp_path_factory.mktemp("run"), settings=SETTINGS) as run:
        yield run


def test_the_engine_says_what_it_is(engine):
    assert engine.info == api.EngineInfo("starter", "vit_tiny", "cpu", "float32")
    assert api.device_and_precision(SETTINGS) == ("cpu", "float32")


def test_it_finds_what_the_plain_function_finds(found, picture):
    plain = api.segment(picture, settings=SETTINGS)
    assert len(found.masks) >= 4
    np.testing.assert_array_equal(found.masks.runs, plain.masks.runs)
    assert found.settings == plain.settings


def test_masks_come_while_they_are_found(engine, picture, found):
    image = api.read_image(picture)
    tables: list[MaskTable] = []
    again = engine.segment(image, SETTINGS, on_masks=tables.append)
    np.testing.assert_array_equal(again.masks.runs, found.masks.runs)
    assert len(tables) == 5  # 36 prompts, 8 at once
    assert all((t.height, t.width) == (120, 160) for t in tables)
    assert {t.tobytes() for t in runs_of(tables[-1])} == {t.tobytes() for t in runs_of(found.masks)}
    assert len(tables[0]) < len(tables[-1])


def test_masks_of_crops_come_in_pixels_of_the_image(engine, picture):
    tables: list[MaskTable] = []
    chosen = api.settings_with(SETTINGS, crop_n_layers=1, points_per_side=3)
    done = engine.segment(api.read_image(picture), chosen, on_masks=tables.append)
    assert (np.diff([len(t) for t in tables]) >= 0).all()
    shown = {t.tobytes() for t in runs_of(tables[-1])}
    assert {t.tobytes() for t in runs_of(done.masks)} <= shown


def runs_of(table: MaskTable) -> list[np.ndarray]:
    return [table.mask_runs(i) for i in range(len(table))]


def test_it_stops_between_batches(engine, picture):
    monitor = StoppableMonitor()
    with pytest.raises(Cancelled):
        engine.segment(
            api.read_image(picture), SETTINGS, monitor=monitor, on_masks=lambda table: monitor.stop()
        )


def test_clicks_and_boxes_give_the_object_under_them(engine, picture):
    predictor = engine.predictor(api.read_image(picture))
    click = predictor.predict(points=[(80, 60)], labels=[1])
    assert click.mask.shape == (120, 160)
    assert click.mask.dtype == np.bool_
    assert click.mask[60, 80]
    assert 0.3 < click.predicted_iou <= 1.1
    box = predictor.predict(box=(66, 46, 94, 74))
    area = np.pi * 14**2
    assert abs(box.mask.sum() - area) < 0.2 * area
    without = predictor.predict(points=[(80, 60), (130, 30)], labels=[1, 0], box=None)
    assert not without.mask[30, 130]
    with pytest.raises(ValueError, match="needs a prompt"):
        predictor.predict()


def test_a_run_takes_the_engine_that_is_loaded(engine, picture, opened, tmp_path):
    events = []
    monitor = StoppableMonitor(events.append)
    with api.run(picture, out=tmp_path, settings=SETTINGS, engine=engine, monitor=monitor) as run:
        (one,), (other,) = run.filter(), opened.filter()
        np.testing.assert_array_equal(one.masks.runs, other.masks.runs)
        assert one.record.segment_key == other.record.segment_key
    assert not [e for e in events if e.stage == "load"]


def test_a_run_refuses_an_engine_with_another_model(engine, picture, tmp_path):
    with pytest.raises(ValueError, match="bfloat16"):
        api.run(picture, out=tmp_path, settings=SETTINGS, precision="bf16", engine=engine)


# -------------------------------------------------------------------- written


CHOSEN = {"min_area": 100.0, "min_aggregation": 20.0}


def written(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "settings.json"
    }


def with_filter(found: api.Segmentation, **values) -> api.Segmentation:
    return api.measured(
        found.image, found.masks, api.settings_with(found.settings, **values), path=found.path
    )


@pytest.mark.parametrize("overlaps", ["keep", "exclusive"])
def test_an_image_is_written_as_its_run_is(found, opened, tmp_path, overlaps):
    filtered = opened.filter(**CHOSEN, overlaps=overlaps)
    of_run = filtered.write(out=tmp_path / "run", settings=opened.settings)
    of_image = with_filter(found, **CHOSEN, overlaps=overlaps).write(out=tmp_path / "image")
    assert of_run.folder.name == of_image.folder.name
    assert of_image.objects_kept >= 4
    one, other = written(of_run.folder), written(of_image.folder)
    assert len(one) == 4
    assert one == other


@pytest.mark.parametrize("form", ["txt", "csv", "coco", "labels", "masks"])
def test_every_export_of_an_image_is_that_of_its_run(found, opened, tmp_path, form):
    of_run = opened.filter(**CHOSEN).export(form, out=tmp_path / "run")
    of_image = with_filter(found, **CHOSEN).export(form, out=tmp_path / "image")
    one, other = written(of_run.folder), written(of_image.folder)
    assert one
    assert one == other


def test_only_chosen_masks_are_written(found, tmp_path):
    all_rows = found.export("csv", out=tmp_path / "all")
    chosen = np.arange(len(found.masks)) % 2 == 0
    some = found.export("csv", out=tmp_path / "some", chosen=chosen)
    assert all_rows.objects_kept == len(found.masks)
    assert some.objects_kept == chosen.sum()
    rows = (all_rows.folder / "objects.csv").read_text(encoding="utf-8-sig").splitlines()
    kept = (some.folder / "objects.csv").read_text(encoding="utf-8-sig").splitlines()
    numbered = [r.split(",")[2:] for r in rows[1:]]
    assert [r.split(",")[2:] for r in kept[1:]] == numbered[::2]
    with pytest.raises(ValueError, match="one for each mask"):
        found.export("csv", out=tmp_path, chosen=chosen[1:])


def test_the_picture_is_that_of_the_output(found, opened, tmp_path):
    of_run = opened.filter().write(out=tmp_path / "run", settings=opened.settings)
    (drawn,) = of_run.folder.glob("*_sam_hq.png")
    path = found.save_picture(tmp_path / "marked.png")
    assert path.read_bytes() == drawn.read_bytes()
    none = found.save_picture(tmp_path / "none.png", chosen=np.zeros(len(found.masks), bool))
    assert none.read_bytes() != drawn.read_bytes()


def test_other_masks_are_measured_again(found):
    edited = api.merge_masks(found.masks, [0, 1]).masks
    again = found.with_masks(edited)
    fresh = api.measured(found.image, edited, found.settings)
    np.testing.assert_array_equal(again.filter().intensity, fresh.filter().intensity)
    assert len(again.filter()) == len(found.masks) - 1
    assert again.path == found.path


def test_a_filter_of_an_image_heeds_overlaps(found):
    for overlaps in ("keep", "exclusive"):
        histograms = (
            found.measurements.exclusive_histograms()
            if overlaps == "exclusive"
            else found.measurements.histograms
        )
        chosen = api.settings_with(overlaps=overlaps, min_ratio=10).filter
        expected = filter_objects(histograms, chosen)
        filtered = found.filter(overlaps=overlaps, min_ratio=10)
        np.testing.assert_array_equal(filtered.intensity, expected.intensity)
        np.testing.assert_array_equal(filtered.rejection, expected.rejection)


def test_an_array_needs_a_place_to_be_written_to(found, tmp_path):
    bare = api.measured(found.image, found.masks, found.settings)
    with pytest.raises(SettingsError, match="where to write"):
        bare.export("csv")
    assert bare.export("csv", out=tmp_path).objects_kept == len(found.masks)


def test_masks_of_another_size_are_refused(found):
    with pytest.raises(ValueError, match="differ in size"):
        api.measured(found.image, MaskTable.empty(height=3, width=3), Settings())


def test_one_image_of_a_run_is_opened_alone(opened):
    (record,) = opened.records()
    result = opened.filter(min_area=100).image(record)
    (whole,) = opened.filter(min_area=100)
    np.testing.assert_array_equal(result.filtered.keep, whole.filtered.keep)
    np.testing.assert_array_equal(result.masks.runs, whole.masks.runs)


@pytest.mark.parametrize(
    ("device", "loaded"),
    [("auto", ["auto", "cuda:2"]), ("cuda", ["cuda"]), ("cuda:1", ["cuda:1"]), ("cpu", ["cpu"])],
)
def test_auto_takes_every_gpu_that_computes_like_the_first(monkeypatch, device, loaded):
    from samhq import engine
    from samhq.network import devices

    capabilities = [(8, 0), (7, 5), (9, 0)]
    monkeypatch.setattr(devices, "_cuda_count", lambda: len(capabilities))
    monkeypatch.setattr(
        devices, "_describe_cuda", lambda index: {"device": f"cuda:{index}", "precisions": ["fp32"]}
    )
    monkeypatch.setattr(
        "torch.cuda.get_device_capability", lambda device=None: capabilities[device.index or 0]
    )
    asked = []

    class Loaded:
        def segmenter(self, settings):
            asked.append(settings.compute.device)

    monkeypatch.setattr(engine, "load_engine", lambda settings, monitor: Loaded())
    resolved, model = engine.prepare(api.settings_with(device=device))
    for load in (model.load, *model.further):
        load(resolved.segmentation, StoppableMonitor())
    assert asked == loaded


def test_the_starter_finds_what_the_engine_then_draws(engine, picture):
    chosen = SETTINGS.updated({"segmentation": {"prompts": "discovered", "points_per_side": 8}})
    first = engine.segment(api.read_image(picture, chosen), chosen)
    again = engine.segment(api.read_image(picture, chosen), chosen)  # with the starter that is loaded
    assert len(first.masks) > 0
    np.testing.assert_array_equal(first.masks.runs, again.masks.runs)
