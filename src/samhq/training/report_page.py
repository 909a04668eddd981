"""The HTML of a training report. Everything is inside the file: pictures as data URIs, no script, no network."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.evaluation.metrics import SetScore
from samhq.training.compared import Compared, ComparedPicture
from samhq.training.curves import HTML_INK, panel_svg, panels

if TYPE_CHECKING:
    from samhq.training.report import Facts

__all__ = ["page"]

_SIDE_PX = 900  # of a picture in the report, at most
_QUALITY = 86
_NUMBERS = {"ap50": "AP50", "ap75": "AP75", "ap": "AP50:95", "f1": "F1", "boundary_f": "boundary F"}

_CSS = """
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--text:#1a1a1a;--muted:#595959;--line:#d9dce1;
--first:#0064a4;--second:#b85000;--good:#00704f;--bad:#b02a00}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1e2126;--text:#ececec;--muted:#a8adb5;
--line:#383d45;--first:#62b6ee;--second:#f0a050;--good:#4fcb9f;--bad:#ff8a66}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px;max-width:1240px;background:var(--paper);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",sans-serif}
h1{font-size:26px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:19px;margin:36px 0 10px}
p{margin:6px 0}.muted{color:var(--muted)}.good{color:var(--good)}.bad{color:var(--bad)}
.verdict{background:var(--card);border-left:4px solid var(--first);padding:12px 16px;margin:18px 0;font-size:17px}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(310px,1fr));gap:14px}
.row svg,.row img{width:100%;height:auto;display:block;border-radius:4px}
figure{margin:0}figcaption{font-size:14px;padding:4px 0;color:var(--muted)}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px;margin:0 0 16px}
.card h3{margin:0 0 8px;font-size:16px;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere}
thead th{color:var(--muted);font-weight:600}tr.all td{font-weight:700}
td.text{text-align:left;white-space:normal;overflow-wrap:anywhere}
code{font:13px ui-monospace,Consolas,monospace;overflow-wrap:anywhere}
.key{display:inline-block;width:18px;height:4px;vertical-align:middle;margin:0 6px 0 12px;outline:1px solid #0006}
.axis{position:absolute;opacity:0}.axis+label{padding:3px 12px;border:1px solid var(--line);cursor:pointer}
.axis:checked+label{background:var(--first);color:var(--paper)}
.axis:focus-visible+label{outline:3px solid var(--second)}
.steps{display:none}#by-steps:checked~.steps{display:grid}#by-steps:checked~.minutes{display:none}
.row.curves{margin-top:12px}
@media print{body{max-width:none}.card{break-inside:avoid}}
"""


def page(facts: Facts, compared: Compared | None) -> str:
    """The report as one HTML document."""
    body = [*_head(facts, compared), *_curves(facts), *_comparison(compared), *_details(facts)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # Nothing may be fetched, whatever a file name of a picture says.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        "'unsafe-inline'\">"
        f"<title>{escape(facts.out.name)}: training report</title><style>{_CSS}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


# -------------------------------------------------------------------- head


def _head(facts: Facts, compared: Compared | None) -> Iterator[str]:
    learnt, kept = sum(s.learnt for s in facts.sets), sum(s.kept for s in facts.sets)
    yield f"<header><h1>{escape(facts.out.name)}</h1>"
    yield (
        f'<p class="muted">Trained from {escape(facts.start[0])} on {_count(learnt, "picture")}, '
        f"{kept} kept apart · {_count(facts.steps, 'step')} in {_duration(facts.elapsed_s)} · "
        f"finished {escape(_clock(facts.finished))}</p></header>"
    )
    yield f'<div class="verdict">{_verdict(compared)}</div>'


def _verdict(compared: Compared | None) -> str:
    if compared is None:
        return "No pictures were compared before and after, so nothing is known of how good the model is."
    before, after = compared.before.ap50, compared.after.ap50
    where = _count(len(compared.pictures), "picture")
    change = f"AP50 <b>{before:.3f}</b> before, <b>{after:.3f}</b> after"
    if compared.learnt:
        return (
            f"{change}, on {where} <b>that the model learnt from</b>, because too few were there to keep some "
            "apart. This says nothing of other pictures: judge the model on some that it has not seen."
        )
    words = f"{change}, on {where} that training did not see."
    if after < before - 0.005:
        words += (
            ' <span class="bad">The model became worse.</span> Keep the one it came from; train again with more '
            "pictures, a lower learning rate or fewer steps."
        )
    return words


# -------------------------------------------------------------------- curves


def _curves(facts: Facts) -> Iterator[str]:
    if not panels(facts.history, "steps"):
        return
    yield '<section><h2>Learning curves</h2><input class="axis" type="radio" name="axis" id="by-minutes" checked>'
    yield '<label for="by-minutes">over minutes</label>'
    yield '<input class="axis" type="radio" name="axis" id="by-steps"><label for="by-steps">over steps</label>'
    for axis in ("minutes", "steps"):
        drawn = "".join(
            f'<div class="card">{panel_svg(p, ink=HTML_INK)}</div>'
            for p in panels(facts.history, "steps" if axis == "steps" else "minutes")
        )
        yield f'<div class="row curves {axis}">{drawn}</div>'
    yield (
        '<p class="muted">Loss and IoU of what is learnt from are means over some steps; the pictures kept apart are '
        "judged with the averaged weights that are written in the end. AP here is taken of few pictures and few "
        "points, to be quick, and is lower than in the table below. A dashed line is where the run was gone on with "
        "after a stop.</p></section>"
    )


# -------------------------------------------------------------------- before and after


def _comparison(compared: Compared | None) -> Iterator[str]:
    if compared is None:
        return
    yield "<section><h2>Before and after</h2>"
    if compared.of > len(compared.pictures):
        yield f'<p class="muted">{len(compared.pictures)} of {compared.of} pictures, evenly spread.</p>'
    yield '<div class="wide"><table><thead><tr><th>picture</th><th>labelled</th><th>found</th>'
    yield "".join(f"<th>{name}</th>" for name in _NUMBERS.values()) + "</tr></thead><tbody>"
    yield _numbers("all pictures", compared.before, compared.after, role="all")
    for picture in compared.pictures:
        yield _numbers(picture.name, picture.before.numbers, picture.after.numbers)
    yield "</tbody></table></div>"
    yield (
        '<p class="muted">AP = right / (right + wrong + missed) of each picture, averaged over pictures; right is '
        "an outline that shares at least half (AP50) or three quarters (AP75) with the labelled one, of what both "
        "cover together. Both models with the settings that their files recommend.</p>"
    )
    yield (
        '<p>Outlines:<span class="key" style="background:#f0e442"></span>labelled'
        '<span class="key" style="background:#56b4e9"></span>found and right'
        '<span class="key" style="background:#d55e00"></span>found and wrong</p>'
    )
    for picture in compared.pictures:
        yield _card(picture)
    yield "</section>"


def _numbers(name: str, before: SetScore, after: SetScore, *, role: str = "") -> str:
    cells = [f"<td>{escape(name)}</td><td>{after.labelled}</td><td>{before.found} → {after.found}</td>"]
    cells += [_change(getattr(before, n), getattr(after, n)) for n in _NUMBERS]
    return f'<tr class="{role}">{"".join(cells)}</tr>'


def _change(before: float, after: float) -> str:
    if math.isnan(before) or math.isnan(after):
        return "<td>-</td>"
    role = "good" if after > before + 0.0005 else "bad" if after < before - 0.0005 else ""
    return f'<td>{before:.3f} → <span class="{role}">{after:.3f}</span></td>'


def _card(picture: ComparedPicture) -> str:
    before, after = picture.before, picture.after
    shown = [
        ("the picture", picture.plain),
        (f"before: AP50 {before.numbers.ap50:.3f}, {before.numbers.found} found", before.drawn),
        (f"after: AP50 {after.numbers.ap50:.3f}, {after.numbers.found} found", after.drawn),
    ]
    figures = "".join(
        f'<figure><img alt="{escape(picture.name)}, {escape(words)}" src="{_data_uri(image, picture.name)}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
        for words, image in shown
    )
    return f'<div class="card"><h3>{escape(picture.name)}</h3><div class="row">{figures}</div></div>'


def _data_uri(picture: npt.NDArray[np.uint8], name: str) -> str:
    factor = _SIDE_PX / max(picture.shape[:2])
    if factor < 1:
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ExportError(f"{name}: the picture could not be encoded for the report; it may be too large")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


# -------------------------------------------------------------------- what was done


def _details(facts: Facts) -> Iterator[str]:
    yield "<section><h2>Data</h2>"
    rows = [
        (s.name, str(s.learnt), str(s.kept), f"{s.incomplete} with objects left out" if s.incomplete else "")
        for s in facts.sets
    ]
    yield _table(("set", "learnt from", "kept apart", "labels"), rows)
    yield "</section><section><h2>Run</h2>"
    starts = ", ".join(_clock(start) for start in facts.starts)
    run = [
        ("Started", starts),
        ("Finished", _clock(facts.finished)),
        ("Time of training", _duration(facts.elapsed_s)),
        ("Steps", str(facts.steps)),
        *facts.machine.items(),
    ]
    yield _pairs(run)
    files = ((f"Start: {facts.start[0]}", facts.start[1]), (f"Result: {facts.result[0]}", facts.result[1]))
    yield "<h2>Files</h2>" + _table(
        ("file", "SHA-256"), [(name, f"<code>{digest}</code>") for name, digest in files], escaped=False
    )
    yield "</section><section><h2>Settings</h2>" + _pairs(facts.settings) + "</section>"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return _table((), pairs)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, escaped: bool = True) -> str:
    def cell(text: str, place: int) -> str:
        inner = escape(text) if escaped or place == 0 else text
        return f'<td class="text">{inner}</td>'

    head = "".join(f'<th style="text-align:left">{escape(h)}</th>' for h in heads)
    lines = "".join(f"<tr>{''.join(cell(t, i) for i, t in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _clock(moment: str) -> str:
    """2026-11-24T18:03:00+01:00 as 2026-11-24 18:03 (+01:00)."""
    day, _, rest = moment.partition("T")
    return f"{day} {rest[:5]} ({rest[8:]})" if rest else moment


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
