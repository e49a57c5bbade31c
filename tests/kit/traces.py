"""Losses as drawings: ``"..xx."`` has two lost packets of five."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.trace import Flags, LossTrace


def flags(drawing: str) -> Flags:
    """Return one flag per packet, true where there is an x."""
    return np.array([mark == "x" for mark in drawing], np.bool_)


def trace(drawing: str, packet: int = 10, rate: int = 1000) -> LossTrace:
    """Return a trace with packets of so many frames."""
    return LossTrace.of_packets(flags(drawing), packet, rate)
