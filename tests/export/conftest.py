"""The fixtures of the tests of export."""

from export_samples import results, store

__all__ = ["results", "store"]
