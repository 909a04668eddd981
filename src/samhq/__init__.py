"""samhq: find, measure and compare every dark object in micrographs with SAM-HQ.

Segment once, measure and filter as often as you like:

    run = samhq.run("slides")
    run.filter(min_area=199, min_ratio=37.0, min_aggregation=35).to_pandas()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samhq.api import Run, Segmentation, aggregation, open_run, run, segment, settings_with

__version__ = "0.1.0"
__all__ = ["Run", "Segmentation", "__version__", "aggregation", "open_run", "run", "segment", "settings_with"]


def __getattr__(name: str) -> Any:
    # The engine is imported with the first use of a function, not with the package.
    if name in __all__:
        from samhq import api

        return getattr(api, name)
    raise AttributeError(f"module 'samhq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
