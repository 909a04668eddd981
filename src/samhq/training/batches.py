"""Batches: crops with prompts and targets, each a pure function of seed and step.

Nothing about the order of the data is ever stored: a run that goes on after a break asks for the batch of its step
and gets what it would have got.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samhq.network.architectures import PATCH
from samhq.network.preprocess import pixels_from_image
from samhq.training.augment import Crop, Varied, take_crop
from samhq.training.data import LabelledPicture, PictureFile, read_picture
from samhq.training.synthetic import synthetic_picture
from samhq.training.targets import CropPrompts, coverage, dense_targets, draw_prompts

__all__ = ["Batch", "BatchMaker", "Drawing", "Pictures", "View", "ahead", "assemble"]

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class View:
    """One kind of batch.

    side: of the crops in pixels, a multiple of 16. batch: crops. prompts: of each crop, a quarter of them on the
    ground. whole: masks of the batch that are drawn over the whole crop. window: side of the window in which the
    others are drawn, in embedding pixels.
    """

    side: int = 224
    batch: int = 8
    prompts: int = 16
    whole: int = 16
    window: int = 7

    def shared(self, parts: int) -> View:
        """The part of one of several processes."""
        return replace(self, batch=max(1, self.batch // parts), whole=max(1, self.whole // parts))

    @property
    def grid(self) -> int:
        """Side of a crop in embedding pixels."""
        return self.side // PATCH

    @property
    def grounds(self) -> int:
        """Prompts of each crop that lie on the ground."""
        return self.prompts // 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """k masks that are drawn in windows of w x w embedding pixels.

    prompts, images: (k,) int64. rows: (k, w * w) int64 embedding pixels. targets, inside: (k, 4w, 4w) fp32.
    """

    prompts: Tensor
    images: Tensor
    rows: Tensor
    targets: Tensor
    inside: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """b crops with p prompts each.

    pixels: (b, 3, s, s). origins: (b, 2) int64 x, y of the crop in the frame, in embedding pixels.
    points: (b * p, 1, 2) and boxes: (b * p, 4) in pixels of the frame. by_box, is_object, counts: (b * p,) bool.
    dense: (b, 5, s/4, s/4). known: (b, s/4, s/4). drawings: the masks of all object prompts, in groups of one window.
    keys: what to file the encoded crops under where they come again, else empty.
    """

    view: View
    keys: tuple[int, ...]
    pixels: Tensor
    origins: Tensor
    points: Tensor
    boxes: Tensor
    by_box: Tensor
    is_object: Tensor
    counts: Tensor
    dense: Tensor
    known: Tensor
    drawings: tuple[Drawing, ...]


@dataclass(slots=True)
class Pictures:
    """Where pictures come from: groups of files with a weight each, and the generator.

    groups: files by group. weights: how often a group is chosen; a group without a weight counts 1. synthetic:
    weight of made-up pictures, 0 for none. pool: how many different ones. kept: pictures held in memory.
    """

    groups: Mapping[str, Sequence[PictureFile]]
    weights: Mapping[str, float] = field(default_factory=dict)
    synthetic: float = 0.0
    pool: int = 3000
    kept: int = 1500
    _cache: OrderedDict[object, LabelledPicture] = field(default_factory=OrderedDict)

    def choose(self, rng: Rng) -> LabelledPicture:
        """A picture: first a group by its weight, then a kind (more pictures, more often, but less than
        proportionally), then a picture."""
        names = [*self.groups, *(["synthetic"] if self.synthetic else [])]
        shares = np.array(
            [self.synthetic if n not in self.groups else self.weights.get(n, 1.0) for n in names]
        )
        name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        if name not in self.groups:
            number = int(rng.integers(self.pool))
            return self._kept(number, lambda: synthetic_picture(number))
        files = self.groups[name]
        kinds = sorted({f.kind for f in files})
        counts = np.array([sum(f.kind == k for f in files) for k in kinds], float) ** 0.5
        kind = kinds[int(rng.choice(len(kinds), p=counts / counts.sum()))]
        of_kind = [f for f in files if f.kind == kind]
        file = of_kind[int(rng.integers(len(of_kind)))]
        return self._kept(file.item.image, lambda: read_picture(file))

    def _kept(self, key: object, make: Callable[[], LabelledPicture]) -> LabelledPicture:
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        picture = self._cache[key] = make()
        if len(self._cache) > self.kept:
            self._cache.popitem(last=False)
        return picture


@dataclass(frozen=True, slots=True)
class BatchMaker:
    """Makes the batch of any step. frame: side of the network's input in pixels.

    crops: how many different crops there are in all, 0 for no end; then their encoding can be kept. part: the number of
    this process among several that share every batch.
    """

    pictures: Pictures
    seed: int
    frame: int
    varied: Varied
    box_share: float = 0.15
    crops: int = 0
    part: int = 0

    def make(self, step: int, view: View) -> Batch:
        """The batch of a step, always the same for the same arguments."""
        rng = np.random.default_rng([self.seed, 0, step, self.part])
        crops: list[Crop] = []
        prompts: list[CropPrompts] = []
        keys: list[int] = []
        while len(crops) < view.batch:
            key = int(rng.integers(self.crops)) if self.crops else -1
            of_crop = np.random.default_rng([self.seed, 1, key]) if self.crops else rng
            crop = take_crop(
                of_crop, self.pictures.choose(of_crop), side=view.side, frame=self.frame, varied=self.varied
            )
            found = draw_prompts(
                rng,
                crop,
                objects=view.prompts - view.grounds,
                grounds=view.grounds,
                box_share=self.box_share,
            )
            if found is not None:
                crops.append(crop)
                prompts.append(found)
                keys.append(key)
        return assemble(
            rng, crops, prompts, view=view, frame=self.frame, keys=tuple(keys) if self.crops else ()
        )


def assemble(
    rng: Rng,
    crops: Sequence[Crop],
    prompts: Sequence[CropPrompts],
    *,
    view: View,
    frame: int,
    keys: tuple[int, ...] = (),
) -> Batch:
    """Crops and their prompts as tensors; each crop is put at a random place of the frame."""
    room = frame // PATCH - view.grid
    origins = rng.integers(room + 1, size=(len(crops), 2))
    shift = np.repeat(origins * PATCH, view.prompts, axis=0).astype(np.float32)
    pixels = torch.cat([pixels_from_image(c.pixels, image_size=view.side)[0] for c in crops])
    # Outside of a picture the network sees the mean colour, which is 0 after normalisation.
    pixels *= torch.from_numpy(np.stack([c.inside for c in crops]))[:, None]
    dense = [dense_targets(c) for c in crops]
    objects = np.concatenate([p.objects for p in prompts])
    return Batch(
        view=view,
        keys=keys,
        pixels=pixels,
        origins=torch.from_numpy(origins),
        points=torch.from_numpy(np.concatenate([p.points for p in prompts]) + shift)[:, None],
        boxes=torch.from_numpy(np.concatenate([p.boxes for p in prompts]) + np.tile(shift, 2)),
        by_box=torch.from_numpy(np.concatenate([p.by_box for p in prompts])),
        is_object=torch.from_numpy(objects > 0),
        counts=torch.from_numpy(np.concatenate([p.counts for p in prompts])),
        dense=torch.from_numpy(np.stack([d.maps for d in dense])),
        known=torch.from_numpy(np.stack([d.known for d in dense])),
        drawings=tuple(_drawings(rng, crops, prompts, view)),
    )


def _drawings(
    rng: Rng, crops: Sequence[Crop], prompts: Sequence[CropPrompts], view: View
) -> Iterator[Drawing]:
    """Large objects are drawn whole, and some of the others, so that a mask that runs away is seen."""
    which = [(i, j) for i, p in enumerate(prompts) for j in np.flatnonzero(p.objects)]
    maps = [coverage(crops[i].labels == prompts[i].objects[j]) for i, j in which]
    boxes = [_patches(m) for m in maps]
    extents = np.array([max(b[1] - b[0], b[3] - b[2]) for b in boxes])
    order = np.argsort(-extents, kind="stable")
    largest, others = order[: view.whole // 2], rng.permutation(order[view.whole // 2 :])
    more = view.whole - len(largest)
    for chosen, size in (
        (np.concatenate([largest, others[:more]]), view.grid),
        (others[more:], min(view.window, view.grid)),
    ):
        if not len(chosen):
            continue
        parts = [
            _windowed(rng, maps[k], boxes[k], crops[which[k][0]], size=size, grid=view.grid) for k in chosen
        ]
        yield Drawing(
            prompts=torch.tensor([which[k][0] * view.prompts + int(which[k][1]) for k in chosen]),
            images=torch.tensor([which[k][0] for k in chosen]),
            rows=torch.from_numpy(np.stack([p[0] for p in parts])),
            targets=torch.from_numpy(np.stack([p[1] for p in parts])),
            inside=torch.from_numpy(np.stack([p[2] for p in parts])),
        )


def _patches(covered: npt.NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Half-open y0, y1, x0, x1 of the covered part in embedding pixels."""
    y, x = np.nonzero(covered)
    return int(y.min()) // 4, int(y.max()) // 4 + 1, int(x.min()) // 4, int(x.max()) // 4 + 1


def _windowed(
    rng: Rng,
    covered: npt.NDArray[np.float32],
    box: tuple[int, int, int, int],
    crop: Crop,
    *,
    size: int,
    grid: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Rows, target and inside of a window that holds the object, or a random part of a larger one."""
    starts = []
    for low, high in (box[:2], box[2:]):
        a, b = sorted((high - size, low))
        starts.append(int(np.clip(rng.integers(a, b + 1), 0, grid - size)))
    y, x = starts
    rows = (np.arange(y, y + size)[:, None] * grid + np.arange(x, x + size)).ravel()
    cut = slice(4 * y, 4 * (y + size)), slice(4 * x, 4 * (x + size))
    return rows.astype(np.int64), covered[cut], coverage(crop.inside)[cut]


def ahead(
    make: Callable[[int], Batch], *, start: int, stop: int, count: int = 3
) -> Iterator[tuple[int, Batch]]:
    """Batches of steps start to stop - 1, made in order on a thread, a few ahead of their use."""
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        waiting: OrderedDict[int, Future[Batch]] = OrderedDict()
        try:
            for step in range(start, stop):
                while len(waiting) < count and step + len(waiting) < stop:
                    waiting[step + len(waiting)] = pool.submit(make, step + len(waiting))
                yield step, waiting.pop(step).result()
        finally:
            for future in waiting.values():
                future.cancel()
