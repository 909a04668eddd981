"""The settings of a training run: title, help, range and default of each."""

from __future__ import annotations

from typing import Literal

from samhq.fields import SettingsGroup, setting

__all__ = ["TrainingSettings"]


class TrainingSettings(SettingsGroup):
    """How a model is trained."""

    part: Literal["decoder", "whole"] = setting(
        "decoder",
        title="Part to train",
        help="decoder: the image encoder stays as it is and every crop is encoded once, which takes minutes on a "
        "laptop. whole: everything, for a GPU or a night.",
    )
    steps: int = setting(
        300, title="Steps", help="How often the weights are changed.", ge=1, le=10_000_000, step=100
    )
    minutes: float = setting(
        0.0,
        title="Time limit",
        help="The learning rate also falls with the clock, so that training is over after this time; 0 is no limit. "
        "With a limit two runs are never the same to the last bit.",
        unit="min",
        ge=0,
        step=5,
    )
    learning_rate: float = setting(
        3e-4,
        title="Learning rate",
        help="The highest; it rises over the first steps and falls to nothing.",
        gt=0,
        le=1,
    )
    weight_decay: float = setting(
        0.02, title="Weight decay", help="How strongly weights are drawn to 0.", ge=0, le=10, advanced=True
    )
    warmup: int = setting(
        100,
        title="Warm-up",
        help="Steps over which the learning rate rises, at most a fifth of the run.",
        ge=0,
        le=100_000,
        advanced=True,
    )
    averaging: int = setting(
        200,
        title="Averaging",
        help="The weights that are written are a mean over about this many of the last steps.",
        ge=1,
        le=100_000,
        advanced=True,
    )
    crops: int = setting(
        96,
        title="Crops",
        help="How many different crops of the pictures are encoded and kept when only the decoder is trained.",
        ge=1,
        le=100_000,
        step=16,
    )
    validation: float = setting(
        0.15,
        title="Validation share",
        help="Share of the pictures that training does not see and the model is judged by; 0 is none. Of fewer than "
        "four pictures none is taken.",
        ge=0,
        le=0.5,
        step=0.05,
    )
    judge_every: int = setting(
        100, title="Judge every", help="Steps between two looks at the validation pictures.", ge=1, step=50
    )
    patience: int = setting(
        0,
        title="Patience",
        help="Stop after this many looks without a better result; 0 never stops early.",
        ge=0,
    )
    checkpoint_minutes: float = setting(
        3.0, title="Checkpoint every", help="Time between two checkpoints.", unit="min", gt=0, step=1
    )
    seed: int = setting(
        0, title="Seed", help="The same seed gives the same run, on a CPU to the last bit.", ge=0
    )
    processes: int = setting(
        1,
        title="Processes",
        help="How many processes share the work on a CPU, each with one thread and its part of every batch. 2 on two "
        "cores are faster than 1 with two threads. Another number is another run.",
        ge=1,
        le=64,
        advanced=True,
    )
    precision: Literal["auto", "bf16", "fp32"] = setting(
        "auto",
        title="Precision",
        help="auto: bf16 where the device computes it fast. The weights themselves are always fp32.",
    )
    device: str = setting(
        "auto", title="Device", help="auto, cpu, cuda, cuda:N or mps.", allowed="auto, cpu, cuda, mps"
    )
