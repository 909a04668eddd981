"""A configuration file that fits only in part: what fits is taken, the rest is named."""

from __future__ import annotations

import json

import pytest

from samhq.configuration import load_leniently, load_settings, settings_json
from samhq.errors import SettingsError
from samhq.settings import Settings


def loaded(tmp_path, data):
    path = tmp_path / "configuration.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    found = load_leniently(path)
    return found.settings, found.problems


def test_what_fits_is_taken_and_every_misfit_is_named(tmp_path):
    settings, problems = loaded(
        tmp_path,
        {
            "filter": {"min_area": 12, "min_ratio": 400, "colour": 1},
            "moon": {},
            "output": {"label": "number"},
        },
    )
    assert settings.filter.explicit == {"min_area": 12}
    assert settings.output.label == "number"
    assert len(problems) == 3
    assert "min_ratio 400: allowed is 0 to 100" in problems[0]
    assert "colour" in problems[1]
    assert "moon" in problems[2]


def test_values_that_need_each_other_are_taken_together(tmp_path):
    settings, problems = loaded(
        tmp_path,
        {
            "image": {"intensity_range": "fixed", "black_point": 3, "white_point": 10},
            "segmentation": {"points_per_side": None, "point_grids": [[[0.5, 0.5]]]},
            "filter": {"min_aggregation": 60, "max_aggregation": 80},
        },
    )
    assert problems == ()
    assert settings.image.black_point == 3
    assert settings.segmentation.points_per_side is None
    assert settings.filter.min_aggregation == 60


def test_values_that_contradict_each_other_are_left_out_together(tmp_path):
    settings, problems = loaded(
        tmp_path,
        {
            "filter": {"min_aggregation": 60, "max_aggregation": 50, "min_area": 5},
            "output": {"pictures": False},
        },
    )
    assert settings.filter.explicit == {}
    assert not settings.output.pictures
    assert len(problems) == 1
    assert "must not be above" in problems[0]


def test_a_group_that_is_none_is_named(tmp_path):
    settings, problems = loaded(tmp_path, {"image": 5, "filter": [1]})
    assert settings == Settings()
    assert [p.split(":")[0] for p in problems] == ["image", "filter"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 99}', '{"schema_version": "1"}'])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text):
    path = tmp_path / "configuration.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"configuration\.json"):
        load_leniently(path)


@pytest.mark.parametrize("load", [load_settings, lambda path: load_leniently(path).settings])
def test_a_file_of_the_first_version_loads_with_defaults_for_what_it_lacks(tmp_path, load):
    old = json.loads(settings_json(Settings()))
    old["schema_version"] = 1
    del old["analysis"]
    old["filter"]["min_area"] = 7
    path = tmp_path / "configuration.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    settings = load(path)
    assert settings.filter.min_area == 7
    assert settings.analysis == Settings().analysis
    assert settings.to_dict()["schema_version"] == 2
