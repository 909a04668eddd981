"""Judging models, runs and the classical method on labelled sets."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from samhq.configuration import settings_with
from samhq.engine import load_engine, model_info
from samhq.errors import SettingsError, StoreError
from samhq.evaluation.classical import Ground, otsu_watershed
from samhq.evaluation.metrics import Score, exclusive_labels, score_image, summarise, without_unknown
from samhq.files import long_path, write_text
from samhq.images import Image, discover, file_sha256, percentile_scale, read_image
from samhq.labels import LabelArray, LabelledImage, LabelledSet, find_sets, read_labels
from samhq.monitor import SILENT, Event, Monitor, PartMonitor
from samhq.places import named_run
from samhq.results import ImageResult
from samhq.runs import FilteredRun, Run, open_run, run
from samhq.settings import ImageSettings, Settings

if TYPE_CHECKING:
    from samhq.evaluation.report import Row

__all__ = ["BASELINE", "Case", "Contender", "Evaluation", "Objects", "evaluate", "judge", "picture_of"]

BASELINE = "Otsu + watershed"
Objects = Literal["best", "auto", "dark", "bright"]
Finder = Callable[[LabelledImage, Image, Monitor], LabelArray]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One image judged.

    set_name, item: which. score: the one that counts; where labels are incomplete, found objects on
    unlabelled ground are left out of it. strict: with all found objects. See metrics.without_unknown.
    """

    set_name: str
    item: LabelledImage
    score: Score
    strict: Score
    _shape: tuple[int, int]
    _packed: bytes = field(repr=False)

    def found(self) -> LabelArray:
        """Every found object, as labels."""
        data = np.frombuffer(zlib.decompress(self._packed), np.int32)
        return data.reshape(self._shape).copy()


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """One model, run or method with its cases, in the order of the sets. facts: what it was, for the report."""

    name: str
    cases: tuple[Case, ...]
    facts: Mapping[str, Any]

    def of(self, set_name: str, kind: str = "") -> list[Case]:
        """The cases of a set, or of one kind in it."""
        return [c for c in self.cases if c.set_name == set_name and kind in ("", c.item.kind)]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What evaluate found; report and pictures are made from it. contenders: the model first."""

    sets: tuple[LabelledSet, ...]
    contenders: tuple[Contender, ...]
    settings: Settings

    def rows(self) -> list[Row]:
        """The numbers: each set with its kinds, all images, the mean of the sets; one row a contender."""
        from samhq.evaluation.report import rows

        return list(rows(self))

    def table(self) -> tuple[list[str], list[tuple[str, list[str]]]]:
        """The same as text: the heads, and (level, texts) of every line."""
        from samhq.evaluation.report import table

        return table(self)

    def notes(self) -> list[str]:
        """What a reader of the table must know."""
        from samhq.evaluation.report import notes

        return notes(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything, each image included, as plain JSON values."""
        from samhq.evaluation.report import as_json

        return as_json(self)

    def to_markdown(self) -> str:
        """The table and its notes."""
        from samhq.evaluation.report import as_markdown

        return as_markdown(self)

    def write(
        self, folder: str | Path, *, worst: int = 12, each: int = 3, monitor: Monitor = SILENT
    ) -> list[Path]:
        """Write evaluation.json, evaluation.md, the worst cases and a contact sheet; see write_pictures.

        Raises ExportError, Cancelled.
        """
        from samhq.evaluation.pictures import write_pictures

        out = Path(folder)
        data = json.dumps(self.to_dict(), ensure_ascii=False, indent=1)
        written = [
            write_text(out / "evaluation.json", data + "\n"),
            write_text(out / "evaluation.md", self.to_markdown()),
        ]
        return written + write_pictures(self, out, worst=worst, each=each, monitor=monitor)


def evaluate(
    model: str | Path,
    data: str | Path,
    *,
    beside: Sequence[str | Path] = (),
    split: str = "val",
    sets: Sequence[str] = (),
    incomplete: Sequence[str] = (),
    limit: int | None = None,
    objects: Objects | None = "best",
    through_run: str | Path | None = None,
    settings: Settings | None = None,
    monitor: Monitor = SILENT,
    **values: Any,
) -> Evaluation:
    """Judge a model on labelled pictures, beside other models and the classical method.

    model, beside: names from `samhq models list`, checkpoints, or folders of finished runs of the same
    pictures. data, split, sets, incomplete: see labels.find_sets. limit: at most so many pictures of each set, evenly
    spread over its list.
    objects: what the classical method takes for objects ("best": what gives it the higher AP, set by set);
    None leaves it out.
    through_run: a folder; each set is segmented by a run in it, exported as label pictures and judged by
    these files. A second start goes on where the first stopped.
    settings, values: see settings_with; without a choice each model uses its recommended ones.
    Raises ImageReadError, SettingsError, CheckpointError, StoreError, Cancelled.
    """
    chosen = settings_with(settings, **values)
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is {limit}; give 1 or more pictures of each set")
    found = tuple(
        replace(s, images=s.images[:: -(-len(s.images) // limit) if limit else 1])
        for s in find_sets(Path(data), split=split, incomplete=incomplete, names=sets)
    )
    _check(found, chosen, monitor)  # a bad label file is told before hours of work, not after
    out = Path(through_run).absolute() if through_run is not None else None
    contenders = [_contender(str(name), found, chosen, out, monitor) for name in (model, *beside)]
    if objects is not None:
        contenders.append(_classical(found, chosen, objects, monitor))
    return Evaluation(found, tuple(contenders), chosen)


def judge(
    item: LabelledImage, image: Image, found: LabelArray, *, owner: LabelledSet, polarity: str = "dark"
) -> Case:
    """One image of a set judged by its labels. Raises ImageReadError if labels and picture differ in size."""
    truth = item.read((image.height, image.width))
    strict = score_image(truth, found, image.level, polarity=polarity)
    score = strict
    if owner.incomplete:
        score = score_image(truth, without_unknown(truth, found), image.level, polarity=polarity)
    packed = zlib.compress(np.ascontiguousarray(found, np.int32).tobytes(), 1)
    return Case(owner.name, item, score, strict, (image.height, image.width), packed)


def _check(sets: Sequence[LabelledSet], settings: Settings, monitor: Monitor) -> None:
    for owner in sets:
        for item in owner.images:
            monitor.check()
            image = picture_of(item, settings.image)
            item.read((image.height, image.width))


def picture_of(item: LabelledImage, settings: ImageSettings) -> Image:
    """The picture of a labelled image; percentiles are its own. Raises ImageReadError."""
    path = long_path(item.image)
    frozen = percentile_scale([path], settings) if settings.intensity_range == "percentile" else None
    return read_image(path, settings, frozen_scale=frozen)


# -------------------------------------------------------------------- contenders


def _contender(
    name: str, sets: Sequence[LabelledSet], settings: Settings, out: Path | None, monitor: Monitor
) -> Contender:
    if Path(name).is_dir():
        return _finished_run(Path(name), sets, settings, monitor)
    chosen = settings.updated({"segmentation": {"model": name}})
    info = model_info(name)
    if out is not None:
        return _by_runs(chosen, sets, out / f"{info.name}-{info.sha256[:8]}", monitor)
    engine = load_engine(chosen, monitor=monitor)
    resolved = engine.resolve(chosen)
    segment = engine.segmenter(resolved)

    def find(item: LabelledImage, image: Image, inside: Monitor) -> LabelArray:
        masks = segment(image.rgb, inside)
        if resolved.filter == Settings().filter:
            return exclusive_labels(masks)
        from samhq.single import measured

        return exclusive_labels(masks, measured(image, masks, resolved).filter(overlaps="exclusive").keep)

    facts = _facts(resolved) | {"sha256": info.sha256, "device": engine.info.device}
    return _judged(name, sets, settings, find, facts | {"precision": engine.info.precision}, monitor)


def _facts(resolved: Settings) -> dict[str, Any]:
    return {
        "segmentation": resolved.segmentation.model_dump(mode="json"),
        "filter": resolved.filter.model_dump(mode="json"),
    }


def _judged(
    name: str,
    sets: Sequence[LabelledSet],
    settings: Settings,
    find: Finder,
    facts: Mapping[str, Any],
    monitor: Monitor,
) -> Contender:
    """Let a finder find the objects of every image, and judge them; facts get the time it took."""
    cases: list[Case] = []
    total = sum(len(s.images) for s in sets)
    started = time.monotonic()
    for owner in sets:
        for item in owner.images:
            monitor.check()
            place = Event("evaluate", len(cases), total, f"{name}: {owner.name}/{item.name}")
            monitor.report(place)
            image = picture_of(item, settings.image)
            found = find(item, image, PartMonitor(monitor, place))
            cases.append(judge(item, image, found, owner=owner, polarity=settings.filter.polarity))
    monitor.report(Event("evaluate", total, total, name))
    elapsed = time.monotonic() - started
    return Contender(name, tuple(cases), {**facts, "seconds_per_image": elapsed / max(total, 1)})


def _classical(
    sets: Sequence[LabelledSet], settings: Settings, objects: Objects, monitor: Monitor
) -> Contender:
    grounds: tuple[Ground, ...] = ("auto", "dark", "bright") if objects == "best" else (objects,)
    cases: list[Case] = []
    taken = {}
    total = sum(len(s.images) for s in sets)
    for owner in sets:
        monitor.report(Event("evaluate", len(cases), total, f"{BASELINE}: {owner.name}"))
        tried = [_judged(BASELINE, [owner], settings, _otsu(g), {}, _Unheard(monitor)) for g in grounds]
        values = [summarise([c.score for c in contender.cases]).ap50 for contender in tried]
        best = int(np.argmax(values))
        cases.extend(tried[best].cases)
        taken[owner.name] = grounds[best]
    monitor.report(Event("evaluate", total, total, BASELINE))
    return Contender(BASELINE, tuple(cases), {"objects": taken})


@dataclass(frozen=True, slots=True)
class _Unheard:
    """Stops with the outer monitor, and reports to nobody."""

    outer: Monitor

    def report(self, event: Event) -> None:
        pass

    def check(self) -> None:
        self.outer.check()


def _otsu(objects: Ground) -> Finder:
    return lambda item, image, monitor: otsu_watershed(image.level, objects=objects)


# -------------------------------------------------------------------- through the product's own run


def _finished_run(
    folder: Path, sets: Sequence[LabelledSet], settings: Settings, monitor: Monitor
) -> Contender:
    """Judge what a run folder holds; its images are known by their content, wherever they lie now."""
    with open_run(named_run(folder)) as opened:
        filtered = opened.filter(settings.filter.model_copy(update={"overlaps": "exclusive"}))
        records = {r.file_sha256: r for r in opened.records() if r.status == "done"}

        def find(item: LabelledImage, image: Image, _: Monitor) -> LabelArray:
            record = records.get(file_sha256(long_path(item.image)))
            if record is None:
                raise StoreError(
                    f"{folder.name}: holds no finished image {item.name}; run samhq on {item.image.parent} first"
                )
            return _shown(filtered.image(record))

        facts = _facts(opened.settings) | {"run": str(folder), "model": dict(opened.facts["model"])}
        return _judged(opened.folder.name, sets, settings, find, facts, monitor)


def _shown(result: ImageResult) -> LabelArray:
    return exclusive_labels(result.masks, result.filtered.keep)


def _by_runs(settings: Settings, sets: Sequence[LabelledSet], out: Path, monitor: Monitor) -> Contender:
    """Segment each set by a run, export label pictures, and judge these files."""
    engine = load_engine(settings, monitor=monitor)
    files: dict[Path, Path] = {}
    for owner in sets:
        source = _as_input(owner, out)
        with run(source, out=out / owner.name, settings=settings, engine=engine, monitor=monitor) as opened:
            _no_failures(opened)
            filtered = opened.filter(settings.filter.model_copy(update={"overlaps": "exclusive"}))
            files |= dict(_exported(filtered, owner, out / owner.name, monitor))

    def find(item: LabelledImage, image: Image, _: Monitor) -> LabelArray:
        return read_labels(files[item.image], split=False)

    facts = _facts(engine.resolve(settings)) | {"device": engine.info.device, "runs": str(out)}
    return _judged(settings.segmentation.model, sets, settings, find, facts, monitor)


def _exported(
    filtered: FilteredRun, owner: LabelledSet, out: Path, monitor: Monitor
) -> Iterator[tuple[Path, Path]]:
    """(picture, exported label picture) of every image of a set."""
    from samhq.export.names import output_stems

    folder = filtered.export("labels", out=out, monitor=monitor).folder
    stems = output_stems(filtered.run.records())
    by_content = {r.file_sha256: stems[r.path, r.page] for r in filtered.run.records()}
    for item in owner.images:
        stem = by_content[file_sha256(long_path(item.image))]
        yield item.image, folder / f"{stem}_sam_hq_labels.tif"


def _as_input(owner: LabelledSet, out: Path) -> Path:
    """A folder that holds exactly the pictures of a set: its own, or one of copies."""
    first = owner.images[0]
    root = first.image.parents[len(Path(first.name).parts) - 1]
    inside = {root.joinpath(i.name) for i in owner.images}
    if {i.image for i in owner.images} == inside == {f.path for f in discover(root).files}:
        return root
    # Another choice of pictures is another input: no run mixes them.
    names = "\n".join(i.name for i in owner.images)
    copies = out / owner.name / f"pictures-{hashlib.sha256(names.encode()).hexdigest()[:8]}"
    for item in owner.images:
        target = copies / item.name
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(long_path(item.image), long_path(target))
    return copies


def _no_failures(opened: Run) -> None:
    failed = [r for r in opened.records() if r.status == "failed"]
    if failed:
        raise StoreError(
            f"{opened.folder}: {failed[0].path} failed ({failed[0].error}); mend it and start again"
        )
