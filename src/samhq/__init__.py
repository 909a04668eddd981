"""samhq: find, measure and compare every dark object in micrographs with SAM-HQ."""

__version__ = "0.1.0"
