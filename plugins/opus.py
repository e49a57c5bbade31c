"""Opus with its own packet loss concealment: the codec is in the loop.

Received packets are encoded and decoded, so *every* sample is altered, lossless packets too: compare with
a version of the same clip without loss. A lost packet is decoded from nothing, which is the codec's
concealment. The encoder never sees what was lost either: it is fed what the decoder put in its place
(taken from a copy of the decoder for the part that the decoder has not reached yet), as it would be after
a gateway. In-band FEC is not offered for that reason: its redundancy describes the lost packet, whose
content no concealer gets.

The delay is the encoder's look-ahead (6.5 ms, or 2.5 ms with `restricted_lowdelay`). Packets must last
2.5, 5, 10, 20, 40 or 60 ms. Needs the package opuslib-next and the library libopus.

Source: IETF RFC 6716, section 4.4 (concealment), and the libopus that is installed.
"""

from typing import Annotated, Literal

import numpy as np

DURATIONS_MS = (2.5, 5, 10, 20, 40, 60)
RATES = (8000, 12000, 16000, 24000, 48000)
INSTALL = (
    "install the library (Debian and Ubuntu: apt install libopus0; Fedora: dnf install opus; "
    "macOS: brew install opus) and the package (pip install opuslib-next)"
)


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Opus:
    """Encode and decode with Opus; lost packets are concealed by its decoder.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz (8, 12, 16, 24 or 48 kHz), frames in one packet, 1 or 2 channels.
    bitrate
        Target bit rate in kbit/s.
    complexity
        Of the encoder, 0 (fast) to 10 (good).
    application
        What the encoder is tuned for. ``voip`` conceals best at low rates, but its high-pass filter moves
        the lowest frequencies by some tenths of a millisecond against the clip's clock.
    expected_loss
        What the encoder is told about the line, in percent; more makes it depend less on earlier packets.

    Raises
    ------
    RefusedError
        If opuslib-next or libopus is missing, with how to get them; if Opus has no packets of that length.
    """

    name = "Opus (codec in the loop)"
    help = "Encodes and decodes with Opus; lost packets by its own concealment. Alters received speech."
    source = "RFC 6716 and the installed libopus"
    rates = RATES
    causal = True

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        bitrate: Annotated[int, {"ge": 6, "le": 510, "unit": "kbit/s", "help": "target bit rate"}] = 32,
        complexity: Annotated[int, {"ge": 0, "le": 10, "help": "of the encoder"}] = 10,
        application: Annotated[
            Literal["voip", "audio", "restricted_lowdelay"], {"help": "what the encoder is tuned for"}
        ] = "audio",
        expected_loss: Annotated[int, {"ge": 0, "le": 100, "unit": "%", "help": "told to the encoder"}] = 0,
    ) -> None:
        if not any(abs(1000 * packet_frames / rate - ms) < 1e-9 for ms in DURATIONS_MS):
            found = f"a packet of {1000 * packet_frames / rate:.4g} ms ({packet_frames} frames at {rate} Hz)"
            raise RefusedError(f"Opus has no {found}; use packets of 2.5, 5, 10, 20, 40 or 60 ms")
        self._api = _library()
        self._size, self._channels = packet_frames, channels
        self._encoder = self._api.Encoder(rate, channels, application)
        self._encoder.bitrate = bitrate * 1000
        self._encoder.complexity = complexity
        self._encoder.packet_loss_perc = expected_loss
        self._decoder, self._scout = self._api.Decoder(rate, channels), self._api.Decoder(rate, channels)
        self.delay = int(self._encoder.lookahead)
        self._heard_anything = False

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one decoded packet, `delay` frames late; `samples` is None when it is lost."""
        if samples is None:
            return self._conceal()
        self._heard_anything = True
        return self._decode(self._decoder, self._encode(samples))

    def flush(self) -> np.ndarray:
        """Return the last `delay` frames, decoded with silence behind them."""
        silence = np.zeros((self._size, self._channels), np.float32)
        pieces = [self.packet(silence) for _ in range(-(-self.delay // self._size))]
        return np.concatenate(pieces)[: self.delay]

    def _conceal(self) -> np.ndarray:
        out = self._decode(self._decoder, None)
        # What comes after `out` up to the end of the lost packet, from a copy of the decoder's state.
        self._copy_decoder()
        beyond = [self._decode(self._scout, None) for _ in range(-(-self.delay // self._size))]
        ahead = np.concatenate((out, *beyond))[self.delay : self.delay + self._size]
        if self._heard_anything:
            self._encode(ahead)
        return out

    def _copy_decoder(self) -> None:
        import ctypes

        size = self._api.api.libopus.opus_decoder_get_size(self._channels)
        ctypes.memmove(self._scout.decoder_state, self._decoder.decoder_state, size)

    def _encode(self, samples: np.ndarray) -> bytes:
        pcm = np.clip(samples, -1, 1).astype(np.float32).tobytes()
        return bytes(self._encoder.encode_float(pcm, self._size))

    def _decode(self, decoder: object, data: bytes | None) -> np.ndarray:
        decode = self._api.api.decoder.decode_float
        state = decoder.decoder_state  # type: ignore[attr-defined]
        pcm = decode(state, data, len(data or b""), self._size, False, channels=self._channels)
        return np.frombuffer(pcm, np.float32).reshape(-1, self._channels)


def _library():
    try:
        import opuslib_next
        import opuslib_next.api.decoder
    except ImportError as error:
        raise RefusedError(f"the package opuslib-next is missing ({error}); {INSTALL}") from error
    except Exception as error:  # the package raises a bare Exception when it finds no library
        raise RefusedError(f"opuslib-next found no libopus ({error}); {INSTALL}") from error
    return opuslib_next
