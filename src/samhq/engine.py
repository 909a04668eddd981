"""A loaded model, and what it does with one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq.configuration import settings_with
from samhq.files import long_path
from samhq.images import Image, image_from_array, percentile_scale
from samhq.images import read_image as read
from samhq.masks import MaskTable
from samhq.monitor import SILENT, Event, Monitor
from samhq.planning import Model, Segmenter
from samhq.settings import ImageSettings, SegmentationSettings, Settings
from samhq.single import Segmentation, measured

if TYPE_CHECKING:
    from samhq.network.checkpoint import LoadedModel
    from samhq.network.model_info import ModelInfo
    from samhq.segmentation.generator import AutomaticMaskGenerator
    from samhq.segmentation.predictor import Predictor

__all__ = [
    "Engine",
    "EngineInfo",
    "ImageLike",
    "ImagePredictor",
    "PromptedMask",
    "as_image",
    "device_and_precision",
    "load_engine",
    "model_info",
    "prepare",
    "read_image",
    "segment",
]

ImageLike = str | Path | npt.NDArray[Any] | Image


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a loaded model is and where it computes, in words.

    name: as the settings call it. architecture: vit_tiny, vit_b, vit_l or vit_h. precision: of PyTorch, e.g.
    "float32".
    """

    name: str
    architecture: str
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class PromptedMask:
    """The mask for clicks and a box.

    mask: (h, w) bool; without pixels where the model sees no object. predicted_iou: in about [0, 1].
    """

    mask: npt.NDArray[np.bool_]
    predicted_iou: float


class ImagePredictor:
    """One encoded image that answers prompts in a moment."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(
        self,
        points: Sequence[Sequence[float]] | npt.ArrayLike = (),
        labels: Sequence[int] | npt.ArrayLike = (),
        box: Sequence[float] | npt.ArrayLike | None = None,
    ) -> PromptedMask:
        """The mask for prompts, in pixels of the image.

        points: (n, 2) x, y; labels: (n,) 1 inside the object, 0 outside. box: x0, y0, x1, y1.
        A single point may mean a part or the whole, so the best of three masks is taken, as the mask
        generator does. Raises ValueError naming the argument that is wrong.
        """
        places = np.asarray(points, dtype=np.float64)
        has_points = places.size > 0
        found = self._predictor.predict(
            points=places if has_points else None,
            point_labels=labels if has_points else None,
            box=box,
            multimask_output=len(places) == 1 and box is None,
        )
        return PromptedMask(mask=found.masks[0], predicted_iou=float(found.predicted_iou[0]))


class Engine:
    """A model that stays loaded. Made by load_engine; not for two threads at once."""

    def __init__(self, loaded: LoadedModel, info: EngineInfo, recommended: dict[str, object]) -> None:
        self._loaded = loaded
        self._recommended = recommended
        self._starter: LoadedModel | None = None  # loaded when it is first needed
        self.info = info

    def segment(
        self,
        image: Image,
        settings: Settings | None = None,
        *,
        monitor: Monitor = SILENT,
        on_masks: Callable[[MaskTable], None] | None = None,
        path: str | Path | None = None,
    ) -> Segmentation:
        """Find and measure every object of an image.

        settings: any, resolved or not; those of model and device are left as they were loaded.
        on_masks: given the masks found so far after each batch of prompts, in pixels of the image.
        path: where the image is from, for what is written later.
        Raises Cancelled, and SamhqError where memory runs out.
        """
        resolved = self.resolve(settings or Settings())
        segment = self.segmenter(resolved, on_masks=on_masks)
        return measured(image, segment(image.rgb, monitor), resolved, path=path)

    def segmenter(
        self, settings: Settings, *, on_masks: Callable[[MaskTable], None] | None = None
    ) -> Segmenter:
        """A function from pictures to masks under resolved settings."""
        from samhq.segmentation.generator import AutomaticMaskGenerator

        generator = AutomaticMaskGenerator(
            self._loaded,
            settings.segmentation,
            points_per_batch=settings.compute.points_per_batch,
            finder=self._finder(settings) if settings.segmentation.prompts == "discovered" else None,
        )
        return lambda rgb, monitor: generator.generate(rgb, monitor=monitor, on_masks=on_masks)

    def _finder(self, settings: Settings) -> AutomaticMaskGenerator:
        """What finds the objects that this model draws: the starter, on the same device."""
        from samhq.network.checkpoint import load_model
        from samhq.network.registry import resolve_model
        from samhq.segmentation.generator import AutomaticMaskGenerator
        from samhq.segmentation.prompting import finder_settings

        if self._starter is None:
            place = self._loaded.model
            self._starter = load_model(resolve_model("starter"), device=place.device, dtype=place.dtype)
        chosen = finder_settings(settings.segmentation, self._starter.info.recommended)
        size = settings.compute.points_per_batch
        return AutomaticMaskGenerator(self._starter, chosen, points_per_batch=size)

    def predictor(self, image: Image) -> ImagePredictor:
        """Encode an image, so that clicks and boxes on it are answered in a moment."""
        from samhq.segmentation.predictor import Predictor

        predictor = Predictor(self._loaded)
        predictor.set_image(image.rgb)
        return ImagePredictor(predictor)

    def resolve(self, settings: Settings) -> Settings:
        """The settings with the model's recommended values wherever nobody chose one."""
        segmentation = settings.segmentation.with_recommended(self._recommended)
        return settings.model_copy(update={"segmentation": segmentation})


def load_engine(settings: Settings | None = None, *, monitor: Monitor = SILENT) -> Engine:
    """Load the model of the settings onto their device.

    Raises CheckpointError, SettingsError (a device that is not there).
    """
    import torch

    from samhq.network.checkpoint import load_model
    from samhq.network.devices import choose_device, choose_precision
    from samhq.network.registry import resolve_model

    chosen = settings or Settings()
    device = choose_device(chosen.compute.device)
    dtype = choose_precision(chosen.compute.precision, device)
    name = chosen.segmentation.model
    if chosen.compute.threads is not None:
        torch.set_num_threads(chosen.compute.threads)
    monitor.report(Event(stage="load", message=f"Loading the model {name} on {device} ({dtype})"))
    loaded = load_model(resolve_model(name), device=device, dtype=dtype)
    info = EngineInfo(
        name=name,
        architecture=loaded.info.architecture,
        device=str(device),
        precision=str(dtype).removeprefix("torch."),
    )
    return Engine(loaded, info, loaded.info.recommended)


def model_info(model: str) -> ModelInfo:
    """What is known of a model: architecture, image size, hash, recommended settings.

    model: a name from `samhq models list`, or the path of a checkpoint. Raises CheckpointError.
    """
    from samhq.network.checkpoint import inspect_checkpoint
    from samhq.network.registry import resolve_model

    return inspect_checkpoint(resolve_model(model))


def device_and_precision(settings: Settings) -> tuple[str, str]:
    """Where the network would compute and in which number format, as words. Raises SettingsError."""
    from samhq.network.devices import choose_device, choose_precision

    device = choose_device(settings.compute.device)
    return str(device), str(choose_precision(settings.compute.precision, device)).removeprefix("torch.")


def prepare(settings: Settings, *, engine: Engine | None = None) -> tuple[Settings, Model]:
    """Resolved settings and the model as a run needs it, loaded only when it is first used.

    engine: taken instead of loading, if it holds the model and device of the settings.
    """
    from samhq.segmentation import ENGINE_VERSION

    device_and_precision(settings)  # a device that is not there is known before anything starts
    info = model_info(settings.segmentation.model)
    segmentation = settings.segmentation.with_recommended(info.recommended)
    resolved = settings.model_copy(update={"segmentation": segmentation})

    def load(place: Settings, chosen: SegmentationSettings, monitor: Monitor) -> Segmenter:
        wanted = place.model_copy(update={"segmentation": chosen})
        held = engine if place is resolved else None
        return (held or load_engine(wanted, monitor=monitor)).segmenter(wanted)

    if engine is not None:
        _check_fits(engine, resolved)
    model = Model(
        name=info.name,
        architecture=info.architecture,
        sha256=info.sha256,
        engine_version=ENGINE_VERSION,
        finder_sha256=model_info("starter").sha256 if segmentation.prompts == "discovered" else "",
        load=partial(load, resolved),
        further=tuple(partial(load, place) for place in _on_further_devices(resolved)),
    )
    return resolved, model


def _on_further_devices(settings: Settings) -> list[Settings]:
    """With auto, for the GPUs beside the first that compute in the same format, so that results stay the same."""
    from samhq.network.devices import describe_devices

    gpus = [d["device"] for d in describe_devices() if d["device"].startswith("cuda:")]
    others = gpus[1:] if settings.compute.device == "auto" else []
    places = [settings.updated({"compute": {"device": gpu}}) for gpu in others]
    return [p for p in places if device_and_precision(p)[1] == device_and_precision(settings)[1]]


def _check_fits(engine: Engine, settings: Settings) -> None:
    wanted = (settings.segmentation.model, *device_and_precision(settings))
    held = (engine.info.name, engine.info.device, engine.info.precision)
    if wanted != held:
        raise ValueError(f"the engine holds {held}, the settings ask for {wanted}")


def segment(
    image: ImageLike, *, settings: Settings | None = None, monitor: Monitor = SILENT, **values: Any
) -> Segmentation:
    """Find and measure every object of one image.

    image: a file, an Image, or an array (h, w) or (h, w, 3 or 4) of uint8, uint16, bool or float in 0..1.
    settings, values: see settings_with.
    Raises ImageReadError, CheckpointError, SettingsError.
    """
    chosen = settings_with(settings, **values)
    device_and_precision(chosen)  # faults are told in the order in which they can be mended
    picture = as_image(image, chosen)
    path = image if isinstance(image, str | Path) else None
    return load_engine(chosen, monitor=monitor).segment(picture, chosen, monitor=monitor, path=path)


def read_image(path: str | Path, settings: Settings | ImageSettings | None = None) -> Image:
    """Read one image file: gray levels to measure and the picture the network sees.

    With intensity_range percentile the percentiles are those of this image, as in a run of it alone.
    Raises ImageReadError naming the file, the fault and the remedy.
    """
    chosen = settings.image if isinstance(settings, Settings) else settings or ImageSettings()
    real = long_path(Path(path))
    frozen = percentile_scale([real], chosen) if chosen.intensity_range == "percentile" else None
    return read(real, chosen, frozen_scale=frozen)


def as_image(image: ImageLike, settings: Settings) -> Image:
    """A file or an array as an image; an Image as it is."""
    if isinstance(image, Image):
        return image
    if isinstance(image, str | Path):
        return read_image(image, settings)
    return image_from_array(image, settings.image)
