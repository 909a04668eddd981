"""An evaluation as tables: rows of numbers, JSON and Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from samhq.evaluation.evaluate import Case, Contender, Evaluation
from samhq.evaluation.metrics import BOUNDARY_TOLERANCE_PX, LEAST_OVERLAP, THRESHOLDS, SetScore, summarise

__all__ = ["COLUMNS", "Row", "as_json", "as_markdown", "cells", "notes", "rows", "table"]

COLUMNS = {
    "ap50": "AP50",
    "ap75": "AP75",
    "ap": "AP50:95",
    "f1": "F1",
    "count_bias": "count",
    "boundary_f": "boundary F",
    "area_error": "A",
    "intensity_error": "I",
    "ratio_error": "R",
    "total_area_error": "ΣA",
    "total_intensity_error": "ΣI",
}
"""Numbers of a table by their heads; see the manual. The others are in the JSON."""

_STRICT = "all found counted"
_PERCENT = {
    "count_bias",
    "area_error",
    "intensity_error",
    "total_area_error",
    "total_intensity_error",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a group of images and one contender's numbers on it.

    level: "set", "kind" (of the set above), "strict" (an incomplete set with every found object counted),
    "all" (every image alike) or "mean" (of the sets, each alike).
    """

    level: str
    name: str
    contender: str
    score: SetScore


def rows(evaluation: Evaluation) -> Iterator[Row]:
    """The lines of the table: each set with its kinds, then, of several sets, all images and the mean of the sets.

    What incomplete labels excuse is counted in the line behind (level "strict").
    """
    sets, contenders = evaluation.sets, evaluation.contenders
    for owner in sets:
        yield from _lines("set", owner.name, [(c, c.of(owner.name)) for c in contenders])
        if owner.incomplete:
            yield from _lines("strict", _STRICT, [(c, c.of(owner.name)) for c in contenders])
        kinds = sorted({i.kind for i in owner.images})
        for kind in kinds if len(kinds) > 1 else ():
            yield from _lines("kind", kind, [(c, c.of(owner.name, kind)) for c in contenders])
    if len(sets) < 2:
        return
    levels = ("", "strict") if any(s.incomplete for s in sets) else ("",)
    for level in levels:
        name = f"all images, {_STRICT}" if level else "all images"
        yield from _lines(level or "all", name, [(c, list(c.cases)) for c in contenders])
    for level in levels:
        name = f"mean of the sets, {_STRICT}" if level else "mean of the sets"
        for c in contenders:
            each = [_summary(level, c.of(s.name)) for s in sets]
            yield Row(level or "mean", name, c.name, _mean(each))


def _lines(level: str, name: str, cases: list[tuple[Contender, list[Case]]]) -> Iterator[Row]:
    for contender, chosen in cases:
        yield Row(level, name, contender.name, _summary(level, chosen))


def _summary(level: str, cases: list[Case]) -> SetScore:
    return summarise([c.strict if level == "strict" else c.score for c in cases])


def _mean(scores: list[SetScore]) -> SetScore:
    def mean(name: str) -> float:
        values = np.array([getattr(s, name) for s in scores], np.float64)
        known = values[~np.isnan(values)]
        return float(known.mean()) if len(known) else math.nan

    values: dict[str, Any] = {f.name: mean(f.name) for f in fields(SetScore)}
    counts = {name: sum(getattr(s, name) for s in scores) for name in ("images", "labelled", "found")}
    return SetScore(**(values | counts))


def table(evaluation: Evaluation) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The heads, and (level, texts) of every line; a group's name stands in its first line only."""
    heads = ["", "contender", "images", "objects", "found", *COLUMNS.values()]
    incomplete = {s.name for s in evaluation.sets if s.incomplete}
    lines = []
    before = None
    for row in rows(evaluation):
        name = f"{row.name}*" if row.level == "set" and row.name in incomplete else row.name
        first = "" if (row.level, row.name) == before else name
        before = (row.level, row.name)
        counts = [str(row.score.images), str(row.score.labelled), str(row.score.found)]
        lines.append((row.level, [first, row.contender, *counts, *cells(row.score)]))
    return heads, lines


def cells(score: SetScore) -> list[str]:
    """The numbers of COLUMNS as text, relative errors in percent; "-" where there is no number."""
    return [_cell(name, getattr(score, name)) for name in COLUMNS]


def _cell(name: str, value: float) -> str:
    if math.isnan(value):
        return "-"
    if name == "ratio_error":
        return f"{value:.2f}"
    if name in _PERCENT:
        return f"{value * 100:+.0f} %" if name == "count_bias" else f"{value * 100:.1f} %"
    return f"{value:.3f}"


# -------------------------------------------------------------------- JSON


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain JSON values; numbers that do not exist are null."""
    return {
        "definition": {
            "ap": "TP / (TP + FP + FN) of each image, averaged over images; pixels belong to one object only",
            "thresholds": list(THRESHOLDS),
            "boundary_tolerance_px": BOUNDARY_TOLERANCE_PX,
            "incomplete_least_overlap": LEAST_OVERLAP,
            "polarity": evaluation.settings.filter.polarity,
        },
        "sets": [
            {"name": s.name, "folder": str(s.folder), "images": len(s.images), "incomplete": s.incomplete}
            for s in evaluation.sets
        ],
        "contenders": [{"name": c.name, **c.facts} for c in evaluation.contenders],
        "rows": [
            {"level": r.level, "name": r.name, "contender": r.contender, **_plain(asdict(r.score))}
            for r in rows(evaluation)
        ],
        "images": [_image(c.name, case) for c in evaluation.contenders for case in c.cases],
    }


def _image(contender: str, case: Case) -> dict[str, Any]:
    score = case.score
    facts = {
        "contender": contender,
        "set": case.set_name,
        "image": case.item.name,
        "kind": case.item.kind,
        "labelled": score.labelled,
        "found": score.found,
        "hits": list(score.hits),
        "ap50": score.ap[0],
        "ap75": score.ap[THRESHOLDS.index(0.75)],
        "ap": float(np.mean(score.ap)),
        "f1": score.f1[0],
        "boundary_f": score.boundary,
        "total_area_error": score.total_area_error,
        "total_intensity_error": score.total_intensity_error,
        "total_ratio_error": score.total_ratio_error,
    }
    if case.strict is not score:
        facts |= {"strict_found": case.strict.found, "strict_ap50": case.strict.ap[0]}
    return _plain(facts)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}


# -------------------------------------------------------------------- Markdown


def as_markdown(evaluation: Evaluation) -> str:
    """The table for a report or a model card."""
    heads, found = table(evaluation)
    lines = ["| " + " | ".join(heads) + " |", "|---|---|" + "---:|" * (len(heads) - 2)]
    for level, (name, *texts) in found:
        first = name.replace("|", "\\|").replace("*", "\\*")
        if first and level == "set":
            first = f"**{first}**"
        lines.append("| " + " | ".join([first, *texts]) + " |")
    lines += ["", *("* " + note.replace("* Labels", "\\* Labels") for note in notes(evaluation))]
    return "\n".join(lines) + "\n"


def notes(evaluation: Evaluation) -> list[str]:
    """What a reader of the table must know, one sentence or two each."""
    found = [
        "AP = TP / (TP + FP + FN) of each image, averaged over images; a pixel belongs to the object with the "
        f"highest predicted IoU. Boundary F within {BOUNDARY_TOLERANCE_PX:g} px. A, I: median relative error of "
        "objects matched at IoU 0.5, R: in points of aggregation; ΣA, ΣI: mean relative error of an image's totals."
    ]
    if any(s.incomplete for s in evaluation.sets):
        found.append(
            "* Labels leave objects out: a found object that matches nothing counts only where at least "
            f"{LEAST_OVERLAP:.0%} of it is labelled or it covers a label by half; below it with all counted."
        )
    for contender in evaluation.contenders:
        taken = contender.facts.get("objects")
        if taken:
            sides = ", ".join(f"{name} {side}" for name, side in taken.items())
            found.append(f"{contender.name} took for objects, set by set: {sides}.")
    found += [f"{s.name}: {n}" for s in evaluation.sets for n in s.notices]
    return found
