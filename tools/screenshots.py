"""Pictures of the window, made offscreen with the real engine, so that the manual never shows an old one.

    python tools/screenshots.py                   the pictures of the manual, into docs/images/window
    python tools/screenshots.py --only training   the training dialog alone, also into docs/images/window
    python tools/screenshots.py --all FOLDER      every tab, empty, in work, finished and with an error, dark and light,
                                                  English and Chinese, 1024x700 and 1920x1080
    python tools/screenshots.py --all FOLDER --scale 2     the same on a screen of 200 %

Chinese needs a font with its characters, e.g. Noto Sans CJK.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from samhq.gui.window import MainWindow

ROOT = Path(__file__).resolve().parents[1]
MANUAL = ROOT / "docs" / "images" / "window"
TABS = ("aggregation", "masks", "batch", "parameters")
SIZES = ((1024, 700), (1920, 1080))
PATIENCE_MS = 900_000
SAMPLE_IMAGE = "histology/nuclei_4.png"


class Studio:
    """A window in the states that are to be shown; everything it opens lies in one folder."""

    def __init__(self, folder: Path) -> None:
        from PyQt6.QtCore import QSettings

        from samhq import api
        from samhq.gui.app import make_application, make_window

        self.application = make_application()
        # As a user's: no path of this machine is to be read in a picture.
        self.slides = folder / "slides"
        shutil.copytree(api.sample_folder(), self.slides, ignore=shutil.ignore_patterns("*.md"))
        self.image = self.slides / SAMPLE_IMAGE
        self.window: MainWindow = make_window(
            QSettings(str(folder / "memory.ini"), QSettings.Format.IniFormat)
        )
        self.window.show()
        self.session = self.window.session
        self.window.set_language("en")

    # ------------------------------------------------------------ waiting

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Let the window work until a condition holds. Raises TimeoutError."""
        from PyQt6.QtCore import QDeadlineTimer

        deadline = QDeadlineTimer(PATIENCE_MS)
        while not condition():
            if deadline.hasExpired():
                raise TimeoutError(f"{what}: not reached within {PATIENCE_MS / 1000:.0f} s")
            self.settle(20)

    def settle(self, ms: int = 150) -> None:
        """Let pending events be handled for a while."""
        from PyQt6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    # ------------------------------------------------------------ states

    def states(self) -> Iterator[tuple[str, str]]:
        """Bring the window from state to state: (tab, state) that can be grabbed now."""
        for tab in TABS:
            yield tab, "empty"
        self.quick()
        yield from self.aggregation()
        yield from self.masks()
        yield from self.batch()
        yield from self.parameters()

    def quick(self) -> None:
        """Few prompt points: pictures shall not take an hour."""
        self.session.set_draft("segmentation", "points_per_side", 12)
        self.session.apply_draft()

    def aggregation(self) -> Iterator[tuple[str, str]]:
        """The histogram of an image."""
        self.session.open_paths([self.image])
        self.wait(lambda: self.session.image is not None, "image")
        yield "aggregation", "work"
        self.settle(1500)
        yield "aggregation", "finished"
        yield self.broken("aggregation")

    def masks(self) -> Iterator[tuple[str, str]]:
        """Masks while they are found, and afterwards with some selected."""
        masks = self.session.masks
        masks.generate()
        self.wait(lambda: masks.is_preliminary, "first masks")
        yield "masks", "work"
        self.wait(lambda: not masks.is_generating, "all masks")
        self.session.set_filter(min_area=60)
        if masks.masks is not None:
            biggest = masks.masks.areas().argsort()[::-1][:4]
            masks.select_indices(biggest)
            masks.calculate()
        self.settle(400)
        yield "masks", "finished"
        yield self.broken("masks")

    def batch(self) -> Iterator[tuple[str, str]]:
        """A run while it goes on, and afterwards under a filter, with one image that failed."""
        run = self.session.run
        (self.slides / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
        self.window.show_tab("batch")
        run.set_source(self.slides)
        self.wait(lambda: run.plan is not None, "plan")
        run.start()
        self.wait(lambda: run.look is not None and run.look.found > 0, "first images")
        yield "batch", "work"
        self.wait(lambda: not run.is_running and not self.session.jobs.is_busy(), "the run")
        self.settle(600)
        yield "batch", "finished"
        yield self.broken("batch")

    def parameters(self) -> Iterator[tuple[str, str]]:
        """A draft that is not applied yet."""
        self.session.set_draft("segmentation", "points_per_side", 24)
        self.session.set_draft("segmentation", "pred_iou_thresh", 0.8)
        self.settle()
        yield "parameters", "work"
        self.session.apply_draft()
        self.settle()
        yield "parameters", "finished"
        yield self.broken("parameters")

    def broken(self, tab: str) -> tuple[str, str]:
        """An image that cannot be read, dropped while a tab is shown."""
        self.window.show_tab(tab)
        broken = self.slides.parent / "cell 7.png"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n damaged")
        self.session.open_image(broken)
        bar = self.window.page(tab).error_bar
        self.wait(lambda: self.window.page(tab).error_bar.isVisible() or bar.isVisible(), "error")
        return tab, "error"

    # ------------------------------------------------------------ grabbing

    def grab(self, tab: str, path: Path, size: tuple[int, int]) -> None:
        """Write what the window shows."""
        self.window.show_tab(tab)
        self.window.resize(*size)
        self.settle(250)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.window.grab().save(str(path)):
            raise OSError(f"{path}: the picture was not written")
        print(path)

    def close(self) -> None:
        """Close the window, whatever goes on."""
        self.session.jobs.stop_all()
        self.settle(900)
        self.window._may_close = True
        self.window.close()


MANUAL_NAMES = {
    ("aggregation", "finished"): "aggregation-overview",
    ("masks", "empty"): "masks-empty",
    ("masks", "work"): "masks-work",
    ("masks", "finished"): "masks",
    ("masks", "error"): "masks-error",
    ("batch", "work"): "batch-work",
    ("batch", "finished"): "batch",
    ("parameters", "work"): "parameters",
}


def manual(studio: Studio, folder: Path) -> None:
    """The pictures of the manual: light and English, save one dark and one Chinese one."""
    from samhq.gui.analysis import RegionKind

    size = (1280, 800)
    for tab, state in studio.states():
        name = MANUAL_NAMES.get((tab, state))
        if name:
            studio.grab(tab, folder / f"{name}.png", size)
        if (tab, state) == ("aggregation", "finished"):
            analysis = studio.session.analysis
            analysis.set_range(45, 100)
            studio.grab(tab, folder / "aggregation-range.png", size)
            analysis.set_range(0, 100)
            analysis.use_outline(_ellipse(), RegionKind.LASSO)
            studio.settle(800)
            studio.grab(tab, folder / "aggregation-region.png", size)
            analysis.use_image()
        if (tab, state) == ("masks", "finished"):
            studio.window.set_theme("dark")
            studio.grab(tab, folder / "masks-dark.png", size)
            studio.window.set_theme("light")
            studio.window.set_language("zh_CN")
            studio.grab(tab, folder / "masks-chinese.png", size)
            studio.window.set_language("en")
        if state == "error":
            studio.session.clear_error(tab)
    training(studio, folder / "training.png")
    for path in folder.glob("*.png"):
        _with_fewer_colors(path)


def training(studio: Studio, path: Path) -> None:
    """The dialog that teaches a model, while it does: four samples with the masks that the starter finds."""
    from samhq import api
    from samhq.gui.training_dialog import show_training

    mine = studio.slides.parent / "my pictures"
    for name in ("nuclei_1", "nuclei_2", "nuclei_3", "nuclei_4"):
        image = studio.slides / "histology" / f"{name}.png"
        found = api.segment(image, points_per_side=12)
        api.add_training_picture(mine, name, found.image.rgb, found.masks)
    studio.window.show_tab("masks")
    studio.session.open_image(studio.image)
    studio.wait(lambda: studio.session.image is not None, "the image")
    model = studio.session.training
    model.set_own(mine)
    model.set_out(studio.slides.parent / "nuclei.safetensors")
    model.minutes = 3.0
    studio.wait(lambda: len(model.pictures) == 4, "the pictures")
    dialog = show_training(studio.window.page("masks").open(), studio.session)
    dialog.resize(960, 640)
    model.train()
    studio.wait(lambda: sum("judged" in row for row in model.rows) > 3 or not model.is_training, "curves")
    studio.settle(300)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not dialog.grab().save(str(path)):
        raise OSError(f"{path}: the picture was not written")
    print(path)
    model.stop()
    studio.wait(lambda: not model.is_training, "the end")
    dialog.close()


def _with_fewer_colors(path: Path) -> None:
    """Write a picture anew with 256 colours, a third of its size: a manual must not weigh more than the program."""
    from PIL import Image

    with Image.open(path) as picture:
        fewer = picture.convert("RGB").quantize(
            256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
    fewer.save(path, optimize=True)


def _ellipse() -> npt.NDArray[np.float64]:
    """An outline around one nucleus of the sample, (k, 2) x, y in pixels."""
    import numpy as np

    turn = np.linspace(0, 2 * np.pi, 40)
    return np.column_stack([205 + 26 * np.cos(turn), 175 + 22 * np.sin(turn)])


def everything(studio: Studio, folder: Path) -> None:
    """Every tab in every state, theme, language and size."""
    for tab, state in studio.states():
        for language in ("en", "zh_CN"):
            studio.window.set_language(language)
            if state == "error":
                studio.broken(tab)
            for theme in ("light", "dark"):
                studio.window.set_theme(theme)
                for width, height in SIZES:
                    name = f"{tab}-{state}-{language}-{theme}-{width}x{height}.png"
                    studio.grab(tab, folder / name, (width, height))
        studio.window.set_theme("light")
        studio.window.set_language("en")
        studio.session.clear_error(tab)


def main() -> int:
    """Make the pictures that the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=["training"])
    parser.add_argument("--out", type=Path, default=MANUAL)
    parser.add_argument("--scale", default="1")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = arguments.scale
    target = (arguments.all or arguments.out).absolute()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        studio = Studio(Path(name))
        try:
            if arguments.only:
                training(studio, target / "training.png")
                _with_fewer_colors(target / "training.png")
            elif arguments.all:
                everything(studio, target)
            else:
                manual(studio, target)
        finally:
            studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
