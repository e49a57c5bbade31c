"""The mixer: what is heard, sample by sample, from nothing but a state.

It knows no device, clock, lock or file. `render` computes the next frames from a `MixerState` and moves the
state on; the audio process calls `render_into` on the sound card's thread, tests call it block by block.

Four layers lie over each other, each exactly 1 when it has nothing to do, so that the output then is
``float32(file * gain)`` and nothing else:

* the lane, or two lanes while they are cross-faded;
* the gain, or a ramp between two gains;
* the envelope that closes and opens again around every start, stop, seek, loop edge and standard switch;
* the audible spans.
"""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.playback.transport import BLOCK, Transport


class MixerState(Transport):
    """Everything the next sample depends on, and the work space to compute it without allocating.

    Parameters
    ----------
    rate, channels
        Of the output.
    """

    def __init__(self, rate: int, channels: int = 2) -> None:
        super().__init__(rate)
        self.channels = channels
        self._cross = np.zeros((self.longest_cross, 1), np.float32)
        self._cross_frames = 0  # for which length the weights have been made
        self._steps = np.arange(1, self.longest_cross + 1, dtype=np.float32)[:, None]
        self._other = np.zeros((BLOCK, channels), np.float32)
        self._ramp = np.zeros((BLOCK, 1), np.float32)

    def _read(self, lane: int, out: Samples) -> None:
        """Copy a lane from the position; one that ends early is faded out and followed by silence."""
        samples = self.programme.lanes[lane]
        size, at, frames = len(samples), self.position, len(out)
        inside = min(max(size - at, 0), frames)
        np.copyto(out[:inside], samples[at : at + inside])
        out[inside:] = 0.0
        if size >= self.length:
            return  # the envelope closes there
        fading = size - min(self.fade, size)
        first = max(fading, at)
        if first < at + inside:
            offset = self.fade - (size - first)
            part = out[first - at : inside]
            np.multiply(part, self.down[offset : offset + len(part)], out=part)

    def _mix_lanes(self, out: Samples) -> None:
        self._read(self.lane, out)
        if self.cross_from < 0:
            return
        if self._cross_frames != self.cross_length:
            self._weigh_cross(self.cross_length)
        other = self._other[: len(out)]
        self._read(self.cross_from, other)
        weight = self._cross[self.cross_done : self.cross_done + len(out)]
        np.subtract(out, other, out=out)
        np.multiply(out, weight, out=out)
        np.add(out, other, out=out)

    def _weigh_cross(self, length: int) -> None:
        """Make the weights of the lane that comes in, a raised cosine."""
        ramp = self._cross[:length]
        np.multiply(self._steps[:length], np.float32(np.pi / (length + 1)), out=ramp)
        np.cos(ramp, out=ramp)
        np.multiply(ramp, np.float32(-0.5), out=ramp)
        np.add(ramp, np.float32(0.5), out=ramp)
        self._cross_frames = length

    def _apply_gain(self, out: Samples) -> None:
        if self.gain_done >= self.fade:
            np.multiply(out, self.gain, out=out)
            return
        ramp = self._ramp[: len(out)]
        np.multiply(
            self.up[self.gain_done : self.gain_done + len(out)], self.gain - self.gain_before, out=ramp
        )
        np.add(ramp, self.gain_before, out=ramp)
        np.multiply(out, ramp, out=out)

    def _apply_envelope(self, out: Samples) -> None:
        if self.direction > 0:
            np.multiply(out, self.up[self.level : self.level + len(out)], out=out)
        elif self.direction < 0:
            first = self.fade - self.level
            np.multiply(out, self.down[first : first + len(out)], out=out)

    def _apply_spans(self, out: Samples) -> None:
        spans = self.programme.audible
        if spans is None:
            return
        at, stop, fade = self.position, self.position + len(out), self.fade
        silent_from = at
        index = int(spans[:, 1].searchsorted(at - fade, side="right"))
        while index < len(spans) and spans[index, 0] - fade < stop:
            first, last = int(spans[index, 0]), int(spans[index, 1])
            if first - fade > silent_from:
                out[silent_from - at : first - fade - at] = 0.0
            self._ramp_part(out, first - fade, self.up)
            self._ramp_part(out, last, self.down)
            silent_from = max(silent_from, last + fade)
            index += 1
        if silent_from < stop:
            out[silent_from - at :] = 0.0

    def _ramp_part(self, out: Samples, start: int, ramp: Samples) -> None:
        """Multiply the part of `out` that lies in ``[start, start + fade)`` of the programme by `ramp`."""
        at = self.position
        first, last = max(start, at), min(start + self.fade, at + len(out))
        if first < last:
            part = out[first - at : last - at]
            np.multiply(part, ramp[first - start : last - start], out=part)

    def mix(self, out: Samples) -> None:
        """Write the next frames (at most `until_event`) and move on by as many."""
        self._mix_lanes(out)
        self._apply_gain(out)
        self._apply_envelope(out)
        self._apply_spans(out)
        self.move_on(len(out))

    def mix_steadily(self, out: Samples) -> None:
        """Do what `mix` would do while `is_steady`, in a fraction of its time."""
        at, frames = self.position, len(out)
        np.multiply(self.programme.lanes[self.lane][at : at + frames], self.gain, out=out)
        self.position += frames
        self.delivered += frames

    def rest(self, out: Samples) -> None:
        """Write silence; the position stands."""
        out[:] = 0.0
        self.delivered += len(out)


def render_into(state: MixerState, out: Samples) -> None:
    """Write the next ``len(out)`` frames, shape ``(frames, channels)``, and move the state on."""
    done, frames = 0, len(out)
    if state.is_steady(frames):
        state.mix_steadily(out)
        return
    while done < frames:
        state.settle()
        if state.level == 0 and state.direction == 0:
            state.rest(out[done:])
            return
        step = min(frames - done, state.until_event())
        state.mix(out[done : done + step])
        done += step


def render(state: MixerState, frames: int) -> Samples:
    """Return the next frames, shape ``(frames, channels)``, and move the state on."""
    out = np.full((frames, state.channels), np.nan, np.float32)  # NaN would show whatever is left unwritten
    render_into(state, out)
    return out
