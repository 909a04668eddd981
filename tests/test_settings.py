"""Settings: every error names the key and the range; files round-trip; names of folders."""

from __future__ import annotations

import json

import pytest

from samhq.configuration import load_settings, save_settings
from samhq.errors import SettingsError
from samhq.settings import (
    GROUPS,
    FilterSettings,
    SegmentationSettings,
    Settings,
    iter_fields,
    settings_from_dict,
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"segmentation": {"points_per_side": 0}}, "points_per_side 0: allowed is 1 to 256"),
        ({"segmentation": {"points_per_side": 3.5}}, "points_per_side 3.5: allowed is 1 to 256"),
        ({"segmentation": {"pred_iou_thresh": "high"}}, "pred_iou_thresh 'high': allowed is 0 to 1"),
        ({"filter": {"min_area": -1}}, "min_area -1: allowed is 0 or more or null"),
        ({"filter": {"min_area": True}}, "min_area true: allowed is 0 or more"),
        ({"filter": {"min_ratio": float("nan")}}, "min_ratio nan: allowed is 0 to 100"),
        ({"filter": {"min_intensity": float("inf")}}, "min_intensity inf"),
        ({"filter": {"polarity": "light"}}, "polarity 'light': allowed is dark, bright"),
        ({"filter": {"min_aggregation": 50, "max_aggregation": 10}}, "must not be above"),
        ({"filter": {"min_are": 3}}, "filter.min_are: there is no such setting; known are min_area"),
        ({"filters": {}}, "filters: there is no such setting; known are image"),
        ({"image": {"page": 0}}, "page 0: allowed is all or 1 to 999999 or null"),
        ({"image": {"intensity_range": "fixed"}}, "needs both black_point and white_point"),
        ({"image": {"black_point": 3}}, "only used with intensity_range fixed"),
        (
            {"image": {"intensity_range": "fixed", "black_point": 9, "white_point": 9}},
            r"black_point \(9\) must be below",
        ),
        ({"image": {"black_percentile": 99, "white_percentile": 1}}, "must be below"),
        ({"compute": {"device": "gpu"}}, "compute.device 'gpu': allowed is auto, cpu, cuda"),
        ({"segmentation": {"point_grids": [[[0.5, 0.5]]]}}, "either points_per_side or point_grids"),
        ({"segmentation": {"points_per_side": None, "point_grids": [[]]}}, "at least one point"),
        ({"segmentation": {"points_per_side": None, "point_grids": [[[2, 0]]]}}, "outside 0 to 1"),
        (
            {"segmentation": {"points_per_side": 2, "crop_n_layers": 2, "crop_n_points_downscale_factor": 2}},
            "leaves no point in layer 2",
        ),
        ({"segmentation": 5}, "segmentation 5"),
        ({"schema_version": 99}, "schema_version 99 is not known"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(data, said):
    with pytest.raises(SettingsError, match=said):
        settings_from_dict(data)


def test_all_wrong_values_are_listed_at_once():
    with pytest.raises(SettingsError) as caught:
        settings_from_dict({"filter": {"min_area": -1}, "segmentation": {"points_per_side": 0}})
    assert "min_area" in str(caught.value)
    assert "points_per_side" in str(caught.value)


def test_a_file_round_trips(tmp_path):
    settings = settings_from_dict(
        {"filter": {"min_area": 199, "polarity": "bright"}, "image": {"page": "all"}}
    )
    path = tmp_path / "Einstellungen für Proben.json"
    save_settings(settings, path)
    assert load_settings(path) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "one JSON object"),
        ('{"filter": {"min_ratio": NaN}}', "NaN is not a number"),
    ],
)
def test_a_broken_file_says_where_it_is_broken(tmp_path, text, said):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no such configuration file"):
        load_settings(tmp_path / "none.json")


def test_a_file_with_a_byte_order_mark_loads(tmp_path):
    path = tmp_path / "notepad.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"filter": {"min_area": 7}}).encode())
    assert load_settings(path).filter.min_area == 7


def test_recommended_values_fill_in_only_what_nobody_chose():
    chosen = SegmentationSettings(box_nms_thresh=0.5)
    resolved = chosen.with_recommended({"pred_iou_thresh": 0.6, "box_nms_thresh": 0.3, "unknown": 1})
    assert (resolved.pred_iou_thresh, resolved.box_nms_thresh, resolved.crop_nms_thresh) == (0.6, 0.5, 0.7)


def test_recommended_points_give_way_to_chosen_grids():
    chosen = SegmentationSettings(points_per_side=None, point_grids=[[(0.5, 0.5)]])
    resolved = chosen.with_recommended({"points_per_side": 32})
    assert resolved.points_per_side is None


def test_a_bad_recommendation_is_an_error():
    with pytest.raises(SettingsError, match="pred_iou_thresh 7"):
        SegmentationSettings().with_recommended({"pred_iou_thresh": 7})


@pytest.mark.parametrize(
    ("values", "tag"),
    [
        ({}, "Agg=0-100"),
        (
            {"min_area": 199, "min_intensity": 0, "min_ratio": 37, "min_aggregation": 35},
            "A=199_I=0_R=37.0_Agg=35-100",
        ),
        ({"min_ratio": 37.25, "max_aggregation": 80.5}, "R=37.25_Agg=0-80.5"),
        ({"polarity": "bright", "overlaps": "exclusive"}, "Agg=0-100_bright_exclusive"),
        ({"min_area": 1234567.5}, "A=1234567.5_Agg=0-100"),
        ({"min_area": 1e308}, "A=1e+308_Agg=0-100"),
    ],
)
def test_output_folders_are_named_after_the_filter(values, tag):
    assert FilterSettings(**values).folder_tag() == tag


def test_setting_names_are_unique_over_all_groups():
    names = [name for _, name, _ in iter_fields()]
    assert len(names) == len(set(names))


def test_every_setting_explains_itself():
    for group, name, field in iter_fields():
        assert field.title, (group, name)
        assert field.description, (group, name)
        assert field.description.endswith("."), (group, name)


def test_updating_keeps_what_was_chosen_before():
    settings = Settings().updated({"filter": {"min_area": 5}}).updated({"filter": {"min_ratio": 3}})
    assert settings.filter.explicit == {"min_area": 5.0, "min_ratio": 3.0}
    assert set(GROUPS) == {"image", "segmentation", "filter", "analysis", "output", "export", "compute"}
