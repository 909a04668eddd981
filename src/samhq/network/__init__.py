"""SAM-HQ in plain PyTorch: encoders, prompt encoder, HQ mask decoder, checkpoints and devices.

Importing this package alone loads no torch; its modules do.
"""
