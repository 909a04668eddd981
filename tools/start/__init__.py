"""The parts of sam_hq_process.py: standard library only, and loadable by Python 3.7."""
