"""How fast this machine was, to say how long work will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samhq import api
from samhq.settings import Settings

if TYPE_CHECKING:
    from samhq.gui.remember import Memory
    from samhq.gui.work import Generated

__all__ = ["Speed"]


class Speed:
    """Seconds for an encoding and for a prompt, as measured at the last generation with a model and device."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def learn(self, found: Generated) -> None:
        """Take note of a generation."""
        encodings, prompts = found.encodings, found.prompts
        if not encodings or not prompts:
            return
        prompt_s = max(0.0, found.elapsed_s - encodings * found.encode_s) / prompts
        self._memory.remember(_key(found.settings), [found.encode_s, prompt_s])

    def estimate(self, settings: Settings, *, height: int, width: int) -> float | None:
        """Seconds one image of this size will take, None before anything was measured."""
        known = self._memory.recall(_key(settings), None)
        if not isinstance(known, list) or len(known) != 2:
            return None
        encodings, prompts = api.workload(settings.segmentation, height=height, width=width)
        return float(known[0]) * encodings + float(known[1]) * prompts


def _key(settings: Settings) -> str:
    name = settings.segmentation.model.replace("/", "|").replace("\\", "|")
    kind = settings.segmentation.prompts
    suffix = "" if kind == "grid" else f"|{kind}"  # other prompts have another price
    return f"speed/{name}|{settings.compute.device}|{settings.compute.precision}{suffix}"
