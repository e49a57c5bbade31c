"""Waveform similarity overlap-add: the past is stretched over the loss.

When a packet is lost, the output of the last `history` (40 ms) is searched for the piece that is most
like its own last `template` (5 ms), by normalised correlation, at least one template back. The output
goes on with what followed that piece. After each template the search is done again on the lengthened
output, and the new continuation is blended with the old one by a Hann slope. The synthesis fades linearly
to silence over `expand` (80 ms), and the first `template` of the next received packet are overlap-added
with it: those are the only received samples that are altered.

Source: W. Verhelst and M. Roelands, WSOLA (ICASSP 1993); the numbers are those of PJMEDIA's concealer
(template 5 ms, at most 80 ms of expansion with a fade).
"""

from collections import deque
from typing import Annotated

import numpy as np


class Wsola:
    """Stretch one channel's past over its losses.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels (1: the host calls once per channel).
    template
        Length of the piece that is compared and blended, in ms.
    history
        How far back the search goes, in ms.
    expand
        Time from the start of the loss to silence, in ms.
    """

    name = "WSOLA"
    help = "Stretches the past over the loss by waveform similarity overlap-add."
    source = "Verhelst and Roelands 1993, with PJMEDIA's numbers"
    channels = 1
    causal = True
    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        template: Annotated[float, {"ge": 1, "le": 20, "unit": "ms", "help": "piece compared"}] = 5.0,
        history: Annotated[float, {"ge": 15, "le": 120, "unit": "ms", "help": "reach of the search"}] = 40.0,
        expand: Annotated[float, {"ge": 10, "le": 1000, "unit": "ms", "help": "silent from here on"}] = 80.0,
    ) -> None:
        self._size = packet_frames
        self._piece = max(2, round(template * rate / 1000))
        self._room = max(round(history * rate / 1000), 3 * self._piece)
        self._expand = expand * rate / 1000
        self._rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(self._piece) + 0.5) / self._piece)
        self._past: deque[np.ndarray] = deque(maxlen=-(-self._room // packet_frames))
        self._ready = self._promise = np.empty(0)
        self._age = 0

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, shape ``(packet_frames, 1)``; `samples` is None when it is lost."""
        if samples is None:
            out = self._next(self._size).astype(np.float32)
            self._age += self._size
        else:
            out = self._recovered(samples[:, 0]) if self._age else samples[:, 0]
            self._age = 0
        self._past.append(out)
        return out[:, None]

    def _next(self, frames: int) -> np.ndarray:
        if not self._age:
            self._stretched = np.concatenate((np.zeros(self._room), *self._past))[-self._room :]
            self._ready = np.empty(0)
        while len(self._ready) < frames:
            self._ready = np.concatenate((self._ready, self._hop()))
        out, self._ready = self._ready[:frames], self._ready[frames:]
        return out * np.clip(1 - (self._age + np.arange(frames)) / self._expand, 0, 1)

    def _hop(self) -> np.ndarray:
        """Return the next piece, and remember the output as lengthened by it.

        The first piece needs no blend: what follows the match joins what the match is like.
        """
        n, past = self._piece, self._stretched
        place = self._most_similar(past[-n:], past[:-n])
        fresh = past[place + n : place + 2 * n]
        if self._age or len(self._ready):
            fresh = (1 - self._rise) * self._promise + self._rise * fresh
        # What follows may already be this piece: a match that ends where the past does is followed by it.
        longer = np.concatenate((past, fresh))
        self._promise, self._stretched = longer[place + 2 * n : place + 3 * n], longer[n:]
        return fresh

    def _most_similar(self, template: np.ndarray, past: np.ndarray) -> int:
        """Return where in `past` the piece most like `template` starts."""
        n = len(template)
        match = np.correlate(past, template, "valid")
        squares = np.concatenate(([0.0], np.cumsum(past**2)))
        power = np.maximum(squares[n:] - squares[:-n], 1e-9)
        return int(np.argmax(match / np.sqrt(power)))

    def _recovered(self, samples: np.ndarray) -> np.ndarray:
        n, out = min(self._piece, self._size), np.array(samples)
        rise = self._rise if n == self._piece else (np.arange(n) + 0.5) / n
        out[:n] = rise * samples[:n] + (1 - rise) * self._next(n)
        return out
