"""What was received, to be listened to: payloads that need no codec but a table (G.711) or none (L16)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.g711 import a_law, mu_law
from gaplisten.audio.signal import Signal
from gaplisten.captures.streams import CaptureError, Stream, stream_name, type_name
from gaplisten.captures.timeline import Slot, Timeline
from gaplisten.loss.trace import Flags

MAX_SECONDS = 4 * 3600
_PCMU, _PCMA, _L16_STEREO, _L16 = 0, 8, 10, 11


def why_silent(timeline: Timeline) -> str:
    """Return why a stream cannot be listened to; nothing where it can."""
    stream = timeline.stream
    if stream is None:
        return "there are no payloads"
    main = stream.main_type
    if stream.secured:
        return "the stream is encrypted (SRTP): its heads tell of losses, its sound cannot be had"
    if main not in (_PCMU, _PCMA, _L16, _L16_STEREO):
        return f"payload {type_name(main)} needs a codec: only G.711 and L16 are decoded"
    mine = np.flatnonzero(stream.types == main)
    whole = (stream.begins[mine] >= 0) & (stream.kept[mine] == stream.sizes[mine])
    if not whole.any():
        return "the capture holds heads of packets only"
    sizes = stream.sizes[mine][whole]
    expected = _bytes_a_slot(timeline, main)
    fitting = np.count_nonzero(sizes % expected == 0) if expected else 0
    if fitting < 0.5 * sizes.size:
        usual = int(np.bincount(sizes).argmax())
        return (
            f"packets hold {usual} bytes where {expected} are {timeline.packet_ms:g} ms of "
            f"{type_name(main).split(' ', 1)[-1]}: encrypted (SRTP), or another codec"
        )
    return ""


def _bytes_a_slot(timeline: Timeline, main: int) -> int:
    width = {_PCMU: 1, _PCMA: 1, _L16: 2, _L16_STEREO: 4}[main]
    return timeline.units * width


def sound_of(timeline: Timeline, lost: Flags) -> Signal:
    """Return what was received, exactly zero where it was lost or nothing was sent.

    Parameters
    ----------
    lost
        Shape ``(slots,)``: what a jitter buffer loses.

    Raises
    ------
    CaptureError
        If it cannot be decoded.
    """
    stream = timeline.stream
    if why := why_silent(timeline):
        name = stream_name(stream) if stream is not None else "the capture"
        raise CaptureError(name, f"cannot be listened to: {why}", "use its trace")
    assert stream is not None
    if timeline.seconds > MAX_SECONDS:
        fact = f"lasts {timeline.seconds / 3600:.1f} h"
        raise CaptureError(stream_name(stream), fact, "cut the capture with 'editcap -A ... -B ...'")
    main, units = stream.main_type, timeline.units
    channels = 2 if main == _L16_STEREO else 1
    samples = np.zeros((timeline.slots.size * units, channels), np.int16)
    heard = (timeline.packets >= 0) & (timeline.slots == Slot.RECEIVED) & ~lost
    done = -1
    for slot in np.flatnonzero(heard).tolist():
        index = int(timeline.packets[slot])
        if index == done or stream.types[index] not in (main, _PCMU, _PCMA):
            continue
        done = index
        decoded = _decoded(stream, index, channels)
        begin = slot * units
        room = _until(timeline, slot, index) * units
        piece = decoded[:room]
        samples[begin : begin + len(piece)] = piece[: len(samples) - begin]
    return Signal(samples.astype(np.float32) / np.float32(32768), timeline.clock)


def _until(timeline: Timeline, slot: int, index: int) -> int:
    """Return how many slots a packet holds from its first on."""
    count = 1
    while slot + count < timeline.packets.size and timeline.packets[slot + count] == index:
        count += 1
    return count


_TABLES = {_PCMU: mu_law(), _PCMA: a_law()}


def _decoded(stream: Stream, index: int, channels: int) -> npt.NDArray[np.int16]:
    payload, kind = stream.payload(index), int(stream.types[index])
    if kind in _TABLES:
        return _TABLES[kind][np.frombuffer(payload, np.uint8)][:, None]
    usable = len(payload) // (2 * channels) * 2 * channels
    return np.frombuffer(payload[:usable], ">i2").astype(np.int16).reshape(-1, channels)
