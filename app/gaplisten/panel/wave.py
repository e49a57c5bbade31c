"""The frozen form of a stimulus: 32-bit float WAV with nothing in it but the samples."""

from __future__ import annotations

import struct

from gaplisten.audio.signal import Signal


def wave_bytes(signal: Signal) -> bytes:
    """Return the bytes of a float WAV file.

    Written here because libsndfile adds a peak chunk with the time of writing to float files: the same panel
    would get another hash each time, and equally long stimuli must be equal in size. Float keeps 16- and
    24-bit samples bit-exact.
    """
    data = signal.samples.astype("<f4").tobytes()
    frame = 4 * signal.channels
    form = struct.pack("<HHIIHHH", 3, signal.channels, signal.rate, signal.rate * frame, frame, 32, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"fact" + struct.pack("<II", 4, signal.frames)
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
