from __future__ import annotations

import json
from pathlib import Path

from training_samples import discs, small_starter

from samhq import api
from samhq.cli import main
from samhq.network.checkpoint import load_model
from samhq.settings import Settings
from samhq.training.finetune import fine_tuning_plan
from samhq.training.fresh import write_fresh_model
from samhq.training_settings import TrainingSettings


def test_train_writes_a_model_that_loads_wherever_an_official_one_does(discs_folder, tmp_path, capsys):
    """The window's side of it is in tests/gui/test_training.py."""
    out, start = tmp_path / "mine.safetensors", small_starter(tmp_path)
    flags = ["--steps", "2", "--crops", "2", "--judge-every", "2", "--device", "cpu", "--json"]
    assert main(["train", str(discs_folder), "--from", str(start), "--out", str(out), *flags]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["model"] == str(out)
    assert (said["trained_on"], said["judged_on"], said["compared_on"]) == (3, 1, 1)
    assert 0 <= said["before"]["iou"] <= 1
    assert 0 <= said["after"]["ap50"] <= 1
    assert Path(said["report"]).is_file()

    assert main(["models", "info", str(out), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["architecture"] == "vit_tiny"
    assert (
        main(["run", str(discs_folder / "images"), "--model", str(out), "--out", str(tmp_path / "out"), "-q"])
        == 0
    )
    everything = {"model": str(out), "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
    settings = Settings().updated({"segmentation": everything})
    assert len(api.segment(discs(0)[0], settings=settings).masks) > 0


def test_a_report_is_left_out_on_demand(discs_folder, tmp_path, capsys):
    out, start = tmp_path / "mine.safetensors", small_starter(tmp_path)
    flags = ["--steps", "1", "--crops", "2", "--validation", "0", "--no-report", "--report-pictures", "0"]
    assert main(["train", str(discs_folder), "--from", str(start), "--out", str(out), *flags]) == 0
    assert sorted(p.name for p in tmp_path.glob("mine*")) == [out.name, out.name + ".history.json"]
    assert "Report" not in capsys.readouterr().out


def test_another_ending_is_refused(discs_folder, tmp_path, capsys):
    assert main(["train", str(discs_folder), "--out", str(tmp_path / "mine.pth")]) == 2
    assert "give it that ending" in capsys.readouterr().err


def test_the_model_to_start_from_is_not_replaced(discs_folder, tmp_path, capsys):
    start = small_starter(tmp_path).replace(tmp_path / "mine.safetensors")
    before = start.read_bytes()
    assert main(["train", str(discs_folder), "--from", str(start), "--out", str(start)]) == 2
    assert "choose another file" in capsys.readouterr().err
    assert start.read_bytes() == before


def test_the_iou_after_is_that_of_the_weights_that_were_written(discs_folder, tmp_path):
    settings = TrainingSettings(
        steps=6,
        crops=2,
        judge_every=1,
        patience=2,
        validation=0.5,
        learning_rate=0.05,
        warmup=0,
        device="cpu",
    )
    result = api.train_model(
        [discs_folder],
        start=small_starter(tmp_path),
        out=tmp_path / "mine.safetensors",
        settings=settings,
        report=False,
        report_pictures=0,
    )
    looks = [row["judged"] for row in result.history if "judged" in row]
    totals = [look["iou"] + 0.25 * look["rejection"] for look in looks]
    best = totals.index(max(totals))
    assert best < len(looks) - 1  # such a rate spoils the network
    assert result.after["iou"] == looks[best]["iou"]


def test_a_bad_setting_names_what_is_allowed(discs_folder, tmp_path, capsys):
    arguments = ["train", str(discs_folder), "--out", str(tmp_path / "m.safetensors"), "--steps", "0"]
    assert main(arguments) == 2
    assert "steps 0: allowed is 1 to" in capsys.readouterr().err


def test_a_new_network_is_trained_as_a_whole(discs_folder, tmp_path, capsys):
    out = tmp_path / "new.safetensors"
    assert main(["train", str(discs_folder), "--from", "scratch", "--out", str(out)]) == 2
    assert "--part whole" in capsys.readouterr().err
    arguments = [
        "--part",
        "whole",
        "--steps",
        "1",
        "--validation",
        "0",
        "--precision",
        "fp32",
        "--report-pictures",
        "0",
    ]
    assert main(["train", str(discs_folder), "--from", "scratch", "--out", str(out), *arguments]) == 0
    assert load_model(out).info.image_size == 512


def test_the_same_seed_starts_the_same_new_network_to_the_byte(tmp_path):
    """A run from scratch could not be gone on with otherwise: its start would be another file."""
    first, again = (write_fresh_model(tmp_path / name, seed=3, image_size=128) for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()


def test_labels_corrected_without_changing_their_size_make_it_another_training(discs_folder, tmp_path):
    start, label = small_starter(tmp_path), discs_folder / "labels" / "p0.png"

    def key() -> str:
        out = tmp_path / "mine.safetensors"
        return fine_tuning_plan([discs_folder], start=start, out=out, settings=TrainingSettings()).key

    before, size = key(), label.stat().st_size
    assert key() == before
    data = bytearray(label.read_bytes())
    data[size // 2] ^= 1
    label.write_bytes(data)
    assert label.stat().st_size == size
    assert key() != before
