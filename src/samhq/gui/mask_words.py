"""What the window says of a mask: numbers, and why it does not pass the filter."""

from __future__ import annotations

import numpy as np

from samhq.filters import Rejection, explain_rejection
from samhq.gui.mask_document import MaskDocument
from samhq.gui.translate import joined, tr

__all__ = ["overlap_text", "reasons", "selection_text", "table_text", "tooltip"]


def tooltip(document: MaskDocument, index: int) -> str:
    """A, I and R of a mask, and what drops it; empty for masks without numbers."""
    filtered = document.filtered
    if filtered is None or document.is_preliminary or index >= len(filtered):
        return ""
    number = int(document.numbers()[index])
    lines = [tr("Object {n}", n=number) if number else tr("Mask outside the table")]
    values = (int(filtered.initial_area[index]), float(filtered.initial_intensity[index]))
    ratio = float(filtered.initial_ratio[index])
    lines.append(tr("Initial: A {a:,} px · I {i:,.1f} · R {r:.2f}", a=values[0], i=values[1], r=ratio))
    if filtered.keep[index]:
        final = (int(filtered.area[index]), float(filtered.intensity[index]), float(filtered.ratio[index]))
        lines.append(
            tr("In the range: A {a:,} px · I {i:,.1f} · R {r:.2f}", a=final[0], i=final[1], r=final[2])
        )
    else:
        lines += [tr("Does not pass: {reason}", reason=reason) for reason in reasons(document, index)]
    if document.rejected[index]:
        lines.append(tr("Marked as not wanted"))
    return "\n".join(lines)


def reasons(document: MaskDocument, index: int) -> list[str]:
    """Every threshold a mask misses, and by how much."""
    filtered = document.filtered
    if filtered is None:
        return []
    explained = explain_rejection(filtered, index, document.session.filter)
    return [_reason(name, value, threshold) for name, value, threshold in explained]


def _reason(name: str, value: float, threshold: float) -> str:
    by = abs(threshold - value)
    if name == "min_area":
        text = tr(
            "A {value:,.0f} px is {by:,.10g} below the minimum {threshold:,.10g}",
            value=value,
            by=by,
            threshold=threshold,
        )
    elif name == "min_intensity":
        text = tr(
            "I {value:,.1f} is {by:,.1f} below the minimum {threshold:,.10g}",
            value=value,
            by=by,
            threshold=threshold,
        )
    elif name == "min_ratio":
        text = tr(
            "R {value:.2f} is {by:.2f} below the minimum {threshold:.10g}",
            value=value,
            by=by,
            threshold=threshold,
        )
    elif name == "min_aggregation":
        text = tr(
            "no pixel in the aggregation range; its mean {value:.2f} against the lower end {threshold:.10g}",
            value=value,
            threshold=threshold,
        )
    elif name == "max_aggregation":
        text = tr(
            "no pixel in the aggregation range; its mean {value:.2f} against the upper end {threshold:.10g}",
            value=value,
            threshold=threshold,
        )
    else:
        text = tr("all its pixels belong to other masks (overlaps: exclusive)")
    return text


def _dropped(document: MaskDocument) -> list[str]:
    """How many of the masks that are asked for each threshold drops; one may count several times."""
    filtered, chosen = document.filtered, document.chosen()
    if filtered is None:
        return []
    rejection = filtered.rejection if chosen is None else filtered.rejection[chosen]
    names = {
        Rejection.AREA: tr("minimum A"),
        Rejection.INTENSITY: tr("minimum I"),
        Rejection.RATIO: tr("minimum R"),
        Rejection.RANGE: tr("aggregation range"),
        Rejection.NO_PIXELS: tr("overlaps exclusive"),
    }
    counts = {name: int(np.count_nonzero(rejection & flag)) for flag, name in names.items()}
    return [tr("{name} drops {n}", name=name, n=count) for name, count in counts.items() if count]


def overlap_text(document: MaskDocument) -> str:
    """How much of the image counts more than once; empty if nothing does."""
    measured = document.measurements
    if measured is None or not measured.overlap_fraction or document.session.filter.overlaps == "exclusive":
        return ""
    percent = 100 * measured.overlap_fraction
    return tr("{percent:.1f} % of the covered pixels lie in more than one mask.", percent=percent)


def selection_text(document: MaskDocument) -> str:
    """How many masks there are, pass and are selected."""
    filtered = document.filtered
    if document.is_preliminary and document.masks is not None:
        return tr("{n} masks so far", n=len(document.masks))
    if filtered is None:
        return tr("No masks yet")
    total, kept = len(filtered), int(filtered.keep.sum())
    chosen = int(document.selected.sum())
    failing = int((document.selected & ~filtered.keep).sum())
    text = tr("{kept} of {total} masks pass · {chosen} selected", kept=kept, total=total, chosen=chosen)
    return tr("{counts}, {failing} of them do not pass", counts=text, failing=failing) if failing else text


def table_text(document: MaskDocument) -> str:
    """What the rows of the table are."""
    if document.objects is None:
        return (
            tr("The numbers come when all masks are found")
            if document.is_generating
            else tr("No objects yet")
        )
    shown, chosen = len(document.rows()), document.chosen()
    if not shown and document.filtered is not None and len(document.filtered):
        return tr("No object passes the filter: {reasons}", reasons=joined(_dropped(document)))
    if chosen is None:
        return tr("{n} objects: all that pass the filter", n=shown)
    left_out = int(chosen.sum()) - shown
    if left_out:
        return tr(
            "{n} calculated objects; {left_out} more do not pass the filter", n=shown, left_out=left_out
        )
    return tr("{n} calculated objects", n=shown)
