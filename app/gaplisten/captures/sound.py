"""What was received, to be listened to: G.711 by a table, L16 as it is, Opus where libopus is there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.g711 import a_law, mu_law
from gaplisten.audio.signal import Samples, Signal
from gaplisten.captures.opus import CLOCK, INSTALL, Decoder, frames_told, has_library, is_stereo
from gaplisten.captures.streams import CaptureError, Stream, stream_name, type_name
from gaplisten.captures.timeline import Slot, Timeline
from gaplisten.loss.trace import Flags

MAX_SECONDS = 4 * 3600
_PCMU, _PCMA, _L16_STEREO, _L16 = 0, 8, 10, 11
_DYNAMIC = 96
_LOOKED_AT, _NEARLY_ALL = 2000, 0.95


def why_silent(timeline: Timeline) -> str:
    """Return why a stream cannot be listened to; nothing where it can."""
    stream = timeline.stream
    if stream is None:
        return "there are no payloads"
    main = stream.main_type
    if stream.secured:
        return "the stream is encrypted (SRTP): its heads tell of losses, its sound cannot be had"
    if is_opus(timeline):
        return "" if has_library() else f"its payloads are Opus, and libopus is missing: {INSTALL}"
    if main not in (_PCMU, _PCMA, _L16, _L16_STEREO):
        return (
            f"payload {type_name(main)} needs a codec: only G.711, L16 and Opus (whose payloads tell as much"
            " sound as their timestamps) are decoded"
        )
    whole = _whole(stream)
    if not whole.size:
        return "the capture holds heads of packets only"
    sizes = stream.sizes[whole]
    expected = _bytes_a_slot(timeline, main)
    fitting = np.count_nonzero(sizes % expected == 0) if expected else 0
    if fitting < 0.5 * sizes.size:
        usual = int(np.bincount(sizes).argmax())
        return (
            f"packets hold {usual} bytes where {expected} are {timeline.packet_ms:g} ms of "
            f"{type_name(main).split(' ', 1)[-1]}: encrypted (SRTP), or another codec"
        )
    return ""


def is_opus(timeline: Timeline) -> bool:
    """Whether payloads of a dynamic type are Opus: nearly all tell as much sound as their timestamps do.

    Encrypted ones and those of other codecs do not: their first bytes say nothing.
    """
    stream = timeline.stream
    if stream is None or timeline.clock != CLOCK or stream.main_type < _DYNAMIC:
        return False
    whole = _whole(stream)
    looked = whole[:: max(1, whole.size // _LOOKED_AT)]
    fitting = 0
    for index in looked.tolist():
        told = frames_told(stream.payload(index))
        fitting += bool(told) and told % timeline.units == 0
    return bool(looked.size and fitting >= _NEARLY_ALL * looked.size)


def _whole(stream: Stream) -> npt.NDArray[np.intp]:
    """Return the packets of the main type that the capture holds to their end."""
    held = (stream.begins >= 0) & (stream.kept == stream.sizes)
    return np.flatnonzero((stream.types == stream.main_type) & held)


def _heard(timeline: Timeline, lost: Flags) -> Flags:
    """Return the slots whose packet came and was not lost."""
    return np.asarray((timeline.packets >= 0) & (timeline.slots == Slot.RECEIVED) & ~lost)


def _opus(timeline: Timeline, lost: Flags) -> Samples:
    """Decode a stream in the order of its slots; lost packets are concealed, which is not kept."""
    stream, units = timeline.stream, timeline.units
    assert stream is not None
    mine = np.flatnonzero(stream.types == stream.main_type).tolist()
    channels = 2 if any(is_stereo(stream.payload(index)) for index in mine) else 1
    decoder = Decoder(channels)
    samples = np.zeros((timeline.slots.size * units, channels), np.float32)
    done = -1
    for slot, received in enumerate(_heard(timeline, lost).tolist()):
        index = int(timeline.packets[slot])
        if not received:
            decoder.decode(None, units)
        elif index != done and stream.types[index] == stream.main_type:
            done = index
            piece = decoder.decode(stream.payload(index), units)[: _until(timeline, slot, index) * units]
            begin = slot * units
            samples[begin : begin + len(piece)] = piece[: len(samples) - begin]
    return samples


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
    if is_opus(timeline):
        return Signal(_opus(timeline, lost), timeline.clock)
    main, units = stream.main_type, timeline.units
    channels = 2 if main == _L16_STEREO else 1
    samples = np.zeros((timeline.slots.size * units, channels), np.int16)
    done = -1
    for slot in np.flatnonzero(_heard(timeline, lost)).tolist():
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
