"""Seconds from the command to a usable window, whole processes, several starts.

    python benchmarks/window_start.py [--starts 7]

A window is usable when it is shown and its event loop has come to rest for the first time. The first start is
left out (it may read from a cold disk). Works with any Qt platform; without a display set QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def main() -> None:
    """Start the window several times and print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=7)
    starts = parser.parse_args().starts
    times = []
    with tempfile.TemporaryDirectory() as home:
        env = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "SAMHQ_TIME_START": "1", "XDG_CONFIG_HOME": home}
        for number in range(starts + 1):
            done = subprocess.run(
                [sys.executable, "-m", "samhq", "gui"],
                env=env,
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
            seconds = float(done.stdout.split()[-1])
            if number:
                times.append(seconds)
    result = {
        "starts": starts,
        "median_s": round(statistics.median(times), 3),
        "fastest_s": round(min(times), 3),
        "slowest_s": round(max(times), 3),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
