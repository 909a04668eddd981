from __future__ import annotations

import json

from samhq.cli import main
from samhq.network.checkpoint import load_model


def test_train_writes_a_model_and_says_what_it_did(discs_folder, tmp_path, capsys):
    out = tmp_path / "mine.safetensors"
    code = main(
        [
            "train",
            str(discs_folder),
            "--out",
            str(out),
            "--steps",
            "2",
            "--crops",
            "2",
            "--judge-every",
            "2",
            "--json",
        ]
    )
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["model"] == str(out)
    assert (said["trained_on"], said["judged_on"]) == (3, 1)
    assert 0 <= said["before"]["iou"] <= 1
    assert load_model(out).info.architecture == "vit_tiny"


def test_another_ending_is_refused(discs_folder, tmp_path, capsys):
    assert main(["train", str(discs_folder), "--out", str(tmp_path / "mine.pth")]) == 2
    assert "give it that ending" in capsys.readouterr().err


def test_a_bad_setting_names_what_is_allowed(discs_folder, tmp_path, capsys):
    arguments = ["train", str(discs_folder), "--out", str(tmp_path / "m.safetensors"), "--steps", "0"]
    assert main(arguments) == 2
    assert "steps 0: allowed is 1 to" in capsys.readouterr().err


def test_a_new_network_is_trained_as_a_whole(discs_folder, tmp_path, capsys):
    out = tmp_path / "new.safetensors"
    assert main(["train", str(discs_folder), "--from", "scratch", "--out", str(out)]) == 2
    assert "--part whole" in capsys.readouterr().err
    arguments = ["--part", "whole", "--steps", "1", "--validation", "0", "--precision", "fp32"]
    assert main(["train", str(discs_folder), "--from", "scratch", "--out", str(out), *arguments]) == 0
    assert load_model(out).info.image_size == 512
