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
from gaplisten.playback.player import FADE_MS, MAX_CROSSFADE_MS
from gaplisten.playback.programme import EMPTY, STANDARD, Programme, Wishes
from gaplisten.playback.ramps import fade_frames, raised_cosine

BREAKS = 16
"""How many past jumps of the position are remembered to tell what is being heard."""

_BLOCK = 4096


class MixerState:
    """Everything the next sample depends on.

    Parameters
    ----------
    rate, channels
        Of the output.
    """

    def __init__(self, rate: int, channels: int = 2) -> None:
        self.rate, self.channels = rate, channels
        self.fade = fade_frames(rate, FADE_MS)
        self.up = raised_cosine(self.fade)
        self.down = self.up[::-1]
        self.programme, self.length = EMPTY, 0
        self.incoming: Programme | None = None  # offered by the main thread
        self.wishes = Wishes()
        self._waiting: tuple[Programme, Wishes] | None = None
        self.position, self.lane = 0, 0
        self.playing = self.ended = False
        self.closing = False  # set by the main thread before it takes the stream away
        self.level, self.direction = (
            0,
            0,
        )  # envelope: how many of the `fade` steps are up, and which way it moves
        self.next_lane = self.next_position = -1
        self.cross_from, self.cross_done, self.cross_length = -1, 0, 0
        self.gain = self.gain_before = np.float32(1.0)
        self.gain_done = self.fade
        self.delivered = 0
        self.delayed_switches, self._delayed, self._clear_at = 0, -1, 0
        # (frames delivered when it happened, position from then on, whether it moves)
        self.breaks = np.zeros((BREAKS, 3), np.int64)
        self.break_count = 0
        longest = fade_frames(rate, MAX_CROSSFADE_MS)
        self._cross = np.zeros((longest, 1), np.float32)
        self._steps = np.arange(1, longest + 1, dtype=np.float32)[:, None]
        self._other = np.zeros((_BLOCK, channels), np.float32)
        self._ramp = np.zeros((_BLOCK, 1), np.float32)
        self._mark_break(moving=False)

    # -- wishes ---------------------------------------------------------------------------------------------

    def obey(self, wishes: Wishes) -> bool:
        """Take note of new wishes, to come true in `render`; False if their programme is not here yet."""
        if wishes.programme == self.programme.id:
            self._take(wishes)
            self._waiting = None
            return True
        offered = self.incoming
        if offered is None or offered.id != wishes.programme:
            return False
        self._waiting = (offered, wishes)
        return True

    def go_on_from(self, before: MixerState) -> None:
        """Take over where another mixer stood, for a stream opened anew."""
        self.programme = Programme(before.programme.id, (), before.programme.scale)
        self.position, self.wishes, self.playing = before.position, before.wishes, before.playing
        self.delayed_switches = before.delayed_switches

    def _take(self, wishes: Wishes) -> None:
        before, self.wishes = self.wishes, wishes
        if wishes.play_count != before.play_count:
            self.playing = bool(wishes.playing)
            if self.playing and self.ended:
                self.ended, self.next_position = False, 0
        if wishes.select_count != before.select_count and wishes.lane < len(self.programme.lanes):
            self.next_lane, self._delayed = wishes.lane, -1
        if wishes.seek_count != before.seek_count:
            self.next_position = min(max(wishes.seek_frame, 0), self.length)
        gain = np.float32(wishes.gain)
        if gain != self.gain:
            # A ramp under way starts afresh from where it is, so that a turned knob makes no step.
            self.gain_before = np.float32(self._gain_now())
            self.gain, self.gain_done = gain, 0 if self.level else self.fade

    def _gain_now(self) -> float:
        if self.gain_done >= self.fade:
            return float(self.gain)
        weight = float(self.up[self.gain_done - 1, 0]) if self.gain_done else 0.0
        return float(self.gain_before) + (float(self.gain) - float(self.gain_before)) * weight

    # -- what happens while nothing is heard -----------------------------------------------------------------

    def _change_programme(self) -> None:
        if self._waiting is None:
            return
        (new, wishes), self._waiting = self._waiting, None
        old, self.programme, self.length = self.programme, new, new.frames
        if old.id:
            (up, down), (old_up, old_down) = new.scale, old.scale
            self.position = round(self.position * up * old_down / (down * old_up))
        self.lane, self.next_lane, self.next_position = 0, -1, -1
        self._take(wishes)
        self.lane = min(wishes.lane, max(len(new.lanes) - 1, 0))
        self.next_lane = -1
        self.gain_done = self.fade
        self._jump(min(self.position, self.length))

    def _settle_in_silence(self) -> None:
        """Carry out all that has waited for the envelope to close."""
        self.direction, self.cross_from = 0, -1
        self._change_programme()
        if self.next_lane >= 0:
            self.lane, self.next_lane = self.next_lane, -1
        if self.next_position >= 0:
            self._jump(self.next_position)
            self.next_position = -1
            self.ended = False
        if self.length and self.position >= self.length and not self._loops():
            self.position = self.length
            self.playing, self.ended = False, self.ended or self.playing
        if not self.playing or self.closing or not self.length:
            if self.breaks[(self.break_count - 1) % BREAKS, 2]:
                self._mark_break(moving=False)
            return
        if self._loops() and self.position >= self._limit():
            self._jump(self.wishes.loop_start)
        self.direction = 1
        if not self.breaks[(self.break_count - 1) % BREAKS, 2]:
            self._mark_break(moving=True)

    def _jump(self, position: int) -> None:
        self.position = position
        self._mark_break(moving=self.playing)

    def _mark_break(self, *, moving: bool) -> None:
        self.breaks[self.break_count % BREAKS] = (self.delivered, self.position, int(moving))
        self.break_count += 1

    # -- what happens while something is heard ---------------------------------------------------------------

    def _loops(self) -> bool:
        return 0 <= self.wishes.loop_start < min(self.wishes.loop_stop, self.length)

    def _limit(self) -> int:
        """Return where the envelope must have closed: the end of the loop, or of the programme."""
        return min(self.wishes.loop_stop, self.length) if self._loops() else self.length

    def _must_close(self) -> bool:
        if not self.playing or self.closing or self._waiting is not None or self.next_position >= 0:
            return True
        if self._limit() - self.position <= self.level:
            return True
        if self.next_lane < 0 or self.wishes.crossfade != STANDARD:
            return False
        return self.direction < 0 or not self._hides_boundary()

    def _hides_boundary(self) -> bool:
        """Tell whether the fades of a switch begun now would cover the edge of a gap (it then waits)."""
        bounds = self.programme.boundaries
        if bounds is None:
            return False
        reach = 2 * self.fade
        index = int(bounds.searchsorted(self.position))
        nearest = int(bounds[index]) if index < len(bounds) else -1
        blocked = self.position <= nearest < self.position + reach
        if self._delayed < 0:
            self._delayed = self.position
            self.delayed_switches += blocked
        self._clear_at = nearest + 1
        # Edges that follow each other too closely are not waited for: the switch would seem not to work.
        return blocked and 0 <= self.position - self._delayed < 3 * reach

    def _begin_cross(self) -> None:
        if self.next_lane < 0 or self.wishes.crossfade < 0 or self.cross_from >= 0:
            return
        length = min(self.wishes.crossfade, len(self._cross))
        if length:
            self.cross_from, self.cross_done = self.lane, 0
            if length != self.cross_length:
                ramp = self._cross[:length]
                np.multiply(self._steps[:length], np.float32(np.pi / (length + 1)), out=ramp)
                np.cos(ramp, out=ramp)
                np.multiply(ramp, np.float32(-0.5), out=ramp)
                np.add(ramp, np.float32(0.5), out=ramp)
                self.cross_length = length
        self.lane, self.next_lane = self.next_lane, -1

    def settle(self) -> None:
        """Decide what the next sample is part of."""
        if self.level and self._must_close():
            self.direction = -1
        elif self.level and self.direction < 0:
            self.direction = int(self.level < self.fade)  # what it was closing for is no longer wanted
        if self.level:
            self._begin_cross()
        if self.level == 0 and self.direction <= 0:
            self._settle_in_silence()

    def until_event(self) -> int:
        """Return how many frames may be rendered before `settle` must look again."""
        frames = _BLOCK
        if self.direction > 0:
            frames = min(frames, self.fade - self.level)
        elif self.direction < 0:
            frames = min(frames, self.level)
        if self.direction >= 0:
            left = self._limit() - self.position - self.level
            frames = min(frames, (left + 1) // 2 if self.direction else left)
        if self.cross_from >= 0:
            frames = min(frames, self.cross_length - self.cross_done)
        if self.gain_done < self.fade:
            frames = min(frames, self.fade - self.gain_done)
        if self.next_lane >= 0 and self.direction >= 0 and self.wishes.crossfade == STANDARD:
            frames = min(
                frames, self._clear_at - self.position, self._delayed + 6 * self.fade - self.position
            )
        return max(1, frames)

    # -- samples ---------------------------------------------------------------------------------------------

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
        other = self._other[: len(out)]
        self._read(self.cross_from, other)
        weight = self._cross[self.cross_done : self.cross_done + len(out)]
        np.subtract(out, other, out=out)
        np.multiply(out, weight, out=out)
        np.add(out, other, out=out)

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
        frames = len(out)
        self._mix_lanes(out)
        self._apply_gain(out)
        self._apply_envelope(out)
        self._apply_spans(out)
        self.position += frames
        self.delivered += frames
        self.gain_done = min(self.gain_done + frames, self.fade)
        if self.cross_from >= 0:
            self.cross_done += frames
            if self.cross_done >= self.cross_length:
                self.cross_from = -1
        self.level += self.direction * frames
        if self.level >= self.fade:
            self.level, self.direction = self.fade, 0

    def is_steady(self, frames: int) -> bool:
        """Tell whether the next frames are nothing but one lane times the gain, as most of them are."""
        if self.level != self.fade or self.direction or self.gain_done < self.fade or not self.playing:
            return False
        if self.cross_from >= 0 or self.next_lane >= 0 or self.next_position >= 0 or self.closing:
            return False
        if self._waiting is not None or self.programme.audible is not None:
            return False
        last = min(self._limit(), len(self.programme.lanes[self.lane])) - self.fade
        return self.position + frames < last

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
