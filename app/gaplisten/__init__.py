"""Gaplisten: the listening-test bench for packet loss concealment."""

import os

__version__ = "0.1.0"

# onnxruntime tells its maker about the machine and the names of models unless this is set before its import:
# the switch of its Python interface comes too late (its Privacy.md). Processes that we start inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
