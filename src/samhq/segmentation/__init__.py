"""The automatic mask generator and the interactive predictor.

Importing this package alone loads no torch; its modules do.
"""

ENGINE_VERSION = 1
"""Part of the key of every stored segmentation: raise it when the same settings give other masks."""
