"""Fuzzing: what reads a stranger's text, given bytes nobody would write. `make fuzz`, or `python -m tests.fuzz`.

`targets.py` holds one function a door, `mutate.py` a driver for where atheris does not install.
"""
