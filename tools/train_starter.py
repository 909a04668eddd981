"""Train the model that is part of samhq: from the labelled sets and made-up pictures to the file.

    python tools/train_starter.py ../shared/data --out starter.safetensors --minutes 85

The same command goes on after a stop. `--export FILE` writes the present state of a run that may still go on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from samhq.monitor import Event
from samhq.training.starter import export_starter, train_starter
from samhq.training_settings import TrainingSettings

_PACKAGED = Path(__file__).resolve().parents[1] / "src" / "samhq" / "models" / "starter.safetensors"


class _Lines:
    """Prints where the training is, a line in ten seconds."""

    def __init__(self) -> None:
        self._last, self._done = time.monotonic(), 0

    def report(self, event: Event) -> None:
        """Print messages, and progress now and then."""
        now = time.monotonic()
        if event.message:
            print(time.strftime("%H:%M:%S"), event.message, flush=True)
        elif now - self._last > 10:
            pace = (now - self._last) / max(1, event.done - self._done)
            print(time.strftime("%H:%M:%S"), event.done, event.item, f"{pace:.2f} s a step", flush=True)
            self._last, self._done = now, event.done

    def check(self) -> None:
        """Nobody asks to stop; a signal ends the process."""


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with one folder a set")
    parser.add_argument(
        "--out", type=Path, required=True, help="the model file; the checkpoint lies beside it"
    )
    parser.add_argument("--start", type=Path, default=_PACKAGED, help="model file to start from")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="time limit that the learning rate follows"
    )
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--export", type=Path, help="only write the present state of the run as this model file"
    )
    given = parser.parse_args()
    settings = TrainingSettings(
        part="whole",
        steps=given.steps,
        minutes=given.minutes,
        learning_rate=given.rate,
        warmup=150,
        averaging=200,
        judge_every=250,
        checkpoint_minutes=3,
        seed=given.seed,
        processes=given.processes,
    )
    if given.export is not None:
        print(
            export_starter(given.data, start=given.start, out=given.out, settings=settings, to=given.export)
        )
        return
    print(train_starter(given.data, start=given.start, out=given.out, settings=settings, monitor=_Lines()))


if __name__ == "__main__":
    main()
