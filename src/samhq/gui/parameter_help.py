"""What a biologist wants to know of a setting: what it costs, what low and high look like, when to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from samhq.gui.translate import tr

__all__ = [
    "Consequence",
    "ParameterHelp",
    "consequence_of",
    "consequence_text",
    "explained",
    "parameter_help",
]


class Consequence(StrEnum):
    """What a change of a setting makes necessary."""

    SEGMENT = "segment"
    FILTER = "filter"
    WRITE = "write"
    NOTHING = "nothing"


_CONSEQUENCES = {
    "image": Consequence.SEGMENT,
    "segmentation": Consequence.SEGMENT,
    "filter": Consequence.FILTER,
    "output": Consequence.WRITE,
    "compute": Consequence.NOTHING,
}


def consequence_of(group: str) -> Consequence:
    """What a change in a group of settings makes necessary; the groups are cut along this line."""
    return _CONSEQUENCES.get(group, Consequence.FILTER)


def consequence_text(consequence: Consequence, *, long: bool = False) -> str:
    """A consequence as a tag or, long, as a sentence."""
    if consequence is Consequence.SEGMENT:
        return tr("A change finds all masks again with the network.") if long else tr("re-segments")
    if consequence is Consequence.FILTER:
        return tr("A change only filters again what was found.") if long else tr("re-filters only")
    if consequence is Consequence.WRITE:
        return tr("A change only writes tables and pictures again.") if long else tr("writes again")
    return tr("A change alters speed and memory, and no result.") if long else tr("changes no result")


@dataclass(frozen=True, slots=True)
class ParameterHelp:
    """Explanation of one setting. All texts are in the language of the window.

    low, high: what the two pictures show. time, memory: effect of a change. more, less: for whom to raise or
    lower it, or to choose the one or the other; empty where there is nothing to advise.
    """

    low: str
    high: str
    time: str
    memory: str
    more: str
    less: str = ""


def parameter_help(name: str) -> ParameterHelp:
    """The explanation of a setting. Raises KeyError for one that has none."""
    return _HELP[name]()


def explained() -> tuple[str, ...]:
    """Names of all settings that have an explanation."""
    return tuple(_HELP)


def _none() -> str:
    return tr("No effect.")


def _model() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Small model: fast, coarser contours"),
        high=tr("Large model: slow, finer contours"),
        time=tr("vit_b, vit_l and vit_h take many times as long as starter and vit_tiny on a processor."),
        memory=tr("From about 1 GB for small models to 8 GB and more for vit_h."),
        more=tr("A larger model where contours are ragged or pale objects are missed, best with a GPU."),
        less=tr("A smaller model for a first look and on computers without a GPU."),
    )


def _points_per_side() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Few points: small objects fall between them"),
        high=tr("Many points: each object is hit"),
        time=tr("Grows with the square: 64 takes about four times as long as 32."),
        memory=tr("Hardly any effect; points per batch decides."),
        more=tr(
            "Raise it if small objects are missed. The gap between points should be smaller than the objects."
        ),
        less=tr("Lower it if objects are large and few, or for a quick trial."),
    )


def _points_per_batch() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Few at once: little memory"),
        high=tr("Many at once: fewer rounds"),
        time=tr("More may be faster on a GPU; on a processor it hardly matters."),
        memory=tr("Grows in proportion; if memory runs out, it is halved by itself and the work goes on."),
        more=tr("Raise it on a GPU with free memory."),
        less=tr("Lower it if memory runs out or the computer becomes slow."),
    )


def _pred_iou_thresh() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: doubtful masks stay"),
        high=tr("High: only masks the model is sure of"),
        time=tr("A high threshold is slightly faster: fewer masks are worked on."),
        memory=_none(),
        more=tr("Raise it if masks lie beside the objects or cover background."),
        less=tr("Lower it if good objects are missing, such as pale or blurred ones."),
    )


def _stability_score_thresh() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: objects with soft edges stay"),
        high=tr("High: only objects with sharp edges"),
        time=_none(),
        memory=_none(),
        more=tr("Raise it if smears and shadows are taken for objects."),
        less=tr("Lower it for blurred images and for objects with a halo."),
    )


def _stability_score_offset() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Small: contours nearly the same, lenient"),
        high=tr("Large: contours far apart, strict"),
        time=_none(),
        memory=_none(),
        more=tr("Rarely worth a change: move the stability score threshold instead."),
    )


def _box_nms_thresh() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: one mask where boxes overlap"),
        high=tr("High: doubles and parts stay"),
        time=tr("Slightly slower when high: more masks are kept."),
        memory=tr("Slightly more when high."),
        more=tr("Raise it if touching or nested objects swallow each other."),
        less=tr("Lower it if the same object is counted twice."),
    )


def _crop_n_layers() -> ParameterHelp:
    return ParameterHelp(
        low=tr("0: the whole image at once"),
        high=tr("2: also 4 and 16 enlarged parts"),
        time=tr("Each layer takes about four times as long as the one before."),
        memory=tr("Hardly any effect: one part is worked on at a time."),
        more=tr("Raise it for large images (over about 2,000 px) with small objects."),
        less=tr("Leave it at 0 for images up to about 1,000 px."),
    )


def _crop_nms_thresh() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: one mask where parts overlap"),
        high=tr("High: doubles of two parts stay"),
        time=_none(),
        memory=_none(),
        more=tr("Raise it if neighbours vanish where two parts meet."),
        less=tr("Lower it if objects are doubled where two parts meet. Only used with crop layers."),
    )


def _crop_overlap_ratio() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Small: objects at the seam are cut"),
        high=tr("Large: whole in at least one part"),
        time=tr("The number of parts stays; each becomes larger and less enlarged."),
        memory=_none(),
        more=tr("Raise it if large objects are missing at the seams of the parts."),
        less=tr("Lower it if all objects are small. Only used with crop layers."),
    )


def _crop_n_points_downscale_factor() -> ParameterHelp:
    return ParameterHelp(
        low=tr("1: each part has all points"),
        high=tr("2: each part has half a side of points"),
        time=tr("2 makes the first layer take as many prompts as the whole image, not four times as many."),
        memory=_none(),
        more=tr("Raise it to 2 if crop layers take too long."),
        less=tr("Leave it at 1 for very small objects. Only used with crop layers."),
    )


def _point_grids() -> ParameterHelp:
    return ParameterHelp(
        low=tr("None: evenly spaced points"),
        high=tr("Own points: only where you want"),
        time=tr("In proportion to the number of points."),
        memory=_none(),
        more=tr(
            "For known places such as the wells of a plate: a JSON file with one list of [x, y] from 0 to 1 for each "
            "crop layer. Points per side must then be off."
        ),
    )


def _prompts() -> ParameterHelp:
    return ParameterHelp(
        low=tr("grid: asks at every point"),
        high=tr("adaptive: asks where no mask lies yet"),
        time=tr(
            "adaptive and dark-guided save more, the more of the image the objects cover or leave empty. discovered "
            "saves most with a large model: it is asked once for each object."
        ),
        memory=tr("discovered keeps a second, small model in memory."),
        more=tr(
            "Another choice than grid, if an image takes too long. Try it on an image of yours first: some objects may "
            "be missed."
        ),
        less=tr("grid, if every object counts."),
    )


def _prompt_min_aggregation() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: also at pale places"),
        high=tr("High: only at dark places"),
        time=tr("The higher, the fewer points are asked, and the faster it is."),
        memory=_none(),
        more=tr("Raise it if there is much pale ground. Only with prompts dark-guided."),
        less=tr("Lower it if pale objects are missed. automatic finds a threshold for each picture."),
    )


def _prompt_polarity() -> ParameterHelp:
    return ParameterHelp(
        low=tr("dark: objects darker than the ground"),
        high=tr("bright: objects brighter than the ground"),
        time=_none(),
        memory=_none(),
        more=tr("bright, for fluorescence and other bright objects. Only with prompts dark-guided."),
    )


def _min_mask_region_area() -> ParameterHelp:
    return ParameterHelp(
        low=tr("0: holes and specks stay"),
        high=tr("Higher: filled and removed"),
        time=tr("Slightly slower when above 0."),
        memory=_none(),
        more=tr("Raise it to the area, in pixels, below which a speck or hole is certainly none."),
        less=tr("0 leaves masks as the model drew them, which is best for measuring."),
    )


def _output_mode() -> ParameterHelp:
    return ParameterHelp(
        low=tr("binary_mask: a picture for each object"),
        high=tr("Run lengths: one small text file"),
        time=tr("Run lengths are written faster than thousands of pictures."),
        memory=_none(),
        more=tr("binary_mask for ImageJ and other programs for pictures."),
        less=tr("coco_rle for machine learning, uncompressed_rle for scripts of your own."),
    )


def _pictures() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Off: tables only"),
        high=tr("On: a marked picture for each image"),
        time=tr("Writing pictures takes most of the time of an output."),
        memory=tr("Disk space about as large as the images."),
        more=tr("On, to check by eye what was counted."),
        less=tr("Off, for thousands of images of which only numbers are needed."),
    )


def _label() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Nothing: outlines only"),
        high=tr("Values: A, I and R at each object"),
        time=_none(),
        memory=_none(),
        more=tr("Values for few objects; numbers to find an object of the table in the picture."),
        less=tr("Nothing for crowded images and for figures."),
    )


def _contact_sheet() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Off"),
        high=tr("On: all images on one sheet"),
        time=tr("A few seconds for hundreds of images."),
        memory=_none(),
        more=tr("On, to see at a glance which images differ from the others."),
    )


def _device() -> ParameterHelp:
    return ParameterHelp(
        low=tr("cpu: works everywhere"),
        high=tr("cuda, mps: many times faster"),
        time=tr("A GPU is often 10 to 50 times faster than a processor."),
        memory=tr("With a GPU its own memory counts, which is often small."),
        more=tr("auto is right nearly always; cuda:1 chooses the second of two GPUs."),
        less=tr("cpu, if the GPU is too small for the model or needed for something else."),
    )


def _precision() -> ParameterHelp:
    return ParameterHelp(
        low=tr("fp32: exact, slower"),
        high=tr("bf16, fp16: half the memory"),
        time=tr("16 bit is up to twice as fast on recent GPUs, and slower on most processors."),
        memory=tr("16 bit needs about half."),
        more=tr("auto is right nearly always."),
        less=tr("fp32, to compare with results of other computers as exactly as possible."),
    )


def _threads() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Few: the computer stays free"),
        high=tr("Many: faster up to the number of cores"),
        time=tr("Faster up to the number of real cores, not beyond."),
        memory=_none(),
        more=tr("Leave it automatic if nothing else runs."),
        less=tr("Lower it to go on working while a batch runs."),
    )


def _page() -> ParameterHelp:
    return ParameterHelp(
        low=tr("A number: this page of every file"),
        high=tr("All pages: each is an image of its own"),
        time=tr("In proportion to the number of pages."),
        memory=_none(),
        more=tr("All pages for time series and stacks."),
        less=tr("A number, if one channel or one plane is to be measured."),
    )


def _places() -> ParameterHelp:
    return ParameterHelp(
        low=tr("A number: this one of every file"),
        high=tr("All: each is an image of its own"),
        time=tr("In proportion to the number of planes."),
        memory=_none(),
        more=tr("All, to compare places, heights or times."),
        less=tr("A number, if one plane says enough."),
    )


def _channel_measured() -> ParameterHelp:
    return ParameterHelp(
        low=tr("One channel: its gray levels are measured"),
        high=tr("all: each channel is an image of its own"),
        time=tr("In proportion to the number of planes."),
        memory=_none(),
        more=tr("A name holds where files list their channels in different orders."),
    )


def _channel_shown() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Not chosen: objects are found in the channel that is measured"),
        high=tr("Another channel: found there, measured here"),
        time=_none(),
        memory=tr("The plane of a second channel."),
        more=tr("A channel with clear borders, if the one that is measured has none."),
    )


def _pixel_size() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Not chosen: the size that each file states"),
        high=tr("A size: it replaces what the files say"),
        time=_none(),
        memory=_none(),
        more=tr("Give it where files state none, or a wrong one."),
    )


def _intensity_range() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Range of the file: nothing is clipped"),
        high=tr("Narrower: pale differences count more"),
        time=tr("percentile looks at all images before it starts."),
        memory=_none(),
        more=tr("fixed or percentile, if a 16-bit camera used only a small part of its range."),
        less=tr("dtype for 8-bit images and whenever results of several days are compared."),
    )


def _black_point() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: few pixels are fully black"),
        high=tr("High: more pixels are fully black"),
        time=_none(),
        memory=_none(),
        more=tr("The stored value of an opaque place, the same for all images that are compared."),
    )


def _white_point() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Low: pale places become white"),
        high=tr("High: background stays gray"),
        time=_none(),
        memory=_none(),
        more=tr("The stored value of empty background, the same for all images that are compared."),
    )


def _black_percentile() -> ParameterHelp:
    return ParameterHelp(
        low=tr("0: the darkest pixel is black"),
        high=tr("Higher: dust does not count"),
        time=tr("All images are looked at before the start."),
        memory=_none(),
        more=tr("0.1 keeps single dead pixels from setting the scale. Only with percentile above."),
    )


def _white_percentile() -> ParameterHelp:
    return ParameterHelp(
        low=tr("Lower: glare does not count"),
        high=tr("100: the brightest pixel is white"),
        time=tr("All images are looked at before the start."),
        memory=_none(),
        more=tr("99.9 keeps single bright pixels from setting the scale. Only with percentile above."),
    )


def _stretch() -> ParameterHelp:
    return ParameterHelp(
        low=tr("As measured: the network sees pale gray"),
        high=tr("Stretched: the network sees contrast"),
        time=_none(),
        memory=_none(),
        more=tr("percentile, if objects in pale images are missed."),
        less=tr("none, if noise of empty images is taken for objects. Measured values never change."),
    )


_HELP: dict[str, Callable[[], ParameterHelp]] = {
    "model": _model,
    "points_per_side": _points_per_side,
    "points_per_batch": _points_per_batch,
    "pred_iou_thresh": _pred_iou_thresh,
    "stability_score_thresh": _stability_score_thresh,
    "stability_score_offset": _stability_score_offset,
    "box_nms_thresh": _box_nms_thresh,
    "crop_n_layers": _crop_n_layers,
    "crop_nms_thresh": _crop_nms_thresh,
    "crop_overlap_ratio": _crop_overlap_ratio,
    "crop_n_points_downscale_factor": _crop_n_points_downscale_factor,
    "prompts": _prompts,
    "prompt_min_aggregation": _prompt_min_aggregation,
    "prompt_polarity": _prompt_polarity,
    "point_grids": _point_grids,
    "min_mask_region_area": _min_mask_region_area,
    "output_mode": _output_mode,
    "pictures": _pictures,
    "label": _label,
    "contact_sheet": _contact_sheet,
    "device": _device,
    "precision": _precision,
    "threads": _threads,
    "pixel_size": _pixel_size,
    "page": _page,
    "scene": _places,
    "channel_measured": _channel_measured,
    "channel_shown": _channel_shown,
    "z_slice": _places,
    "time_point": _places,
    "intensity_range": _intensity_range,
    "black_point": _black_point,
    "white_point": _white_point,
    "black_percentile": _black_percentile,
    "white_percentile": _white_percentile,
    "stretch": _stretch,
}
