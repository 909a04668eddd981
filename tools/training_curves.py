"""Draw the learning curves of a training run for the manual.

    python tools/training_curves.py starter.safetensors.history.json docs/images/starter-curves.svg
    python tools/training_curves.py HISTORY.json PICTURE.svg --steps

The history lies beside every model that samhq trains.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from samhq.training.curves import curves_svg


def main() -> None:
    """Read the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("history", type=Path, help="the .history.json beside a trained model")
    parser.add_argument("picture", type=Path, help="the .svg to write")
    parser.add_argument("--steps", action="store_true", help="steps along the axis instead of minutes")
    given = parser.parse_args()
    history = json.loads(given.history.read_text(encoding="utf-8"))
    given.picture.write_text(curves_svg(history, "steps" if given.steps else "minutes"), encoding="utf-8")
    print(given.picture)


if __name__ == "__main__":
    main()
