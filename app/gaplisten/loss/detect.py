"""Finding lost packets where nobody wrote them down."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss.trace import Flags, LossTrace, Origin

_BLOCK_PACKETS = 1024  # looked at together, so that an hour takes no more memory than a minute


def detect_lost_packets(signal: Signal, packet_frames: int, reference: Signal | None = None) -> LossTrace:
    """Take packets whose samples are all exactly zero for lost.

    Parameters
    ----------
    signal
        The lossy signal, with lost packets zeroed on the packet grid.
    packet_frames
        Frames in one packet at the signal's rate.
    reference
        When given (same rate), packets that are digital silence in it too count as received.

    Returns
    -------
    trace
        Origin ``DETECTED``: digital silence in the speech itself looks the same as a loss.
    """
    lost = _silent_packets(signal.samples, packet_frames)
    if reference is not None and reference.rate == signal.rate:
        silent = _silent_packets(reference.samples[: signal.frames], packet_frames)
        lost[: silent.size] &= ~silent
    return LossTrace.of_packets(lost, packet_frames, signal.rate, Origin.DETECTED)


def _silent_packets(samples: Samples, packet_frames: int) -> Flags:
    blocks = range(0, len(samples), _BLOCK_PACKETS * packet_frames)
    rows = [_silent(samples[at : at + _BLOCK_PACKETS * packet_frames], packet_frames) for at in blocks]
    return np.concatenate(rows) if rows else np.zeros(0, np.bool_)


def _silent(samples: Samples, packet_frames: int) -> Flags:
    sounding = np.asarray(samples.any(axis=1))
    padded = np.zeros(-(-len(sounding) // packet_frames) * packet_frames, np.bool_)
    padded[: len(sounding)] = sounding
    return np.asarray(~padded.reshape(-1, packet_frames).any(axis=1), np.bool_)
