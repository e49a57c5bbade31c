"""Where playing stands and what the next sample is part of; it knows no samples but their ramps.

Requests come in by `Transport.obey` and come true when nothing is heard: the envelope closes, `settle`
carries out what has waited, and the envelope opens again. Cross-fades and gains need no silence. Of long
lanes what comes next may not be there yet: the envelope closes before that, and opens when it is.
"""

from __future__ import annotations

import numpy as np

from gaplisten.playback.programme import (
    EMPTY,
    FADE_MS,
    MAX_CROSSFADE_MS,
    STANDARD,
    Programme,
    Request,
    fade_frames,
    raised_cosine,
)

BLOCK = 4096
"""The most frames that are rendered in one go."""
BREAKS = 16
"""How many past jumps of the position are remembered to tell what is being heard."""


class Transport:
    """Everything the next sample depends on.

    Parameters
    ----------
    rate
        Of the output.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.fade = fade_frames(rate, FADE_MS)
        self.longest_cross = fade_frames(rate, MAX_CROSSFADE_MS)
        self.up = raised_cosine(self.fade)
        self.down = self.up[::-1]
        self.programme, self.length = EMPTY, 0
        self.incoming: Programme | None = None  # offered by the main thread
        self.request = Request()
        self._waiting: tuple[Programme, Request] | None = None
        self.position, self.lane = 0, 0
        self.playing = self.ended = False
        self.closing = False  # set by the main thread before it takes the stream away
        # The envelope: how many of the `fade` steps are up, and which way it moves.
        self.level, self.direction = 0, 0
        self.next_lane = self.next_position = -1
        self.cross_from, self.cross_done, self.cross_length = -1, 0, 0
        self.gain = self.gain_before = np.float32(1.0)
        self.gain_done = self.fade
        self.delivered = 0
        self.delayed_switches, self._delayed, self._clear_at = 0, -1, 0
        # (frames delivered when it happened, position from then on, whether it moves)
        self.breaks = np.zeros((BREAKS, 3), np.int64)
        self.break_count = 0
        self._mark_break(moving=False)

    # -- requests --------------------------------------------------------------------------------------------

    def obey(self, request: Request) -> bool:
        """Take note of a new request, to come true in `render`; False if its programme is not here yet."""
        if request.programme == self.programme.id:
            self._take(request)
            self._waiting = None
            return True
        offered = self.incoming
        if offered is None or offered.id != request.programme:
            return False
        self._waiting = (offered, request)
        return True

    def go_on_from(self, before: Transport) -> None:
        """Take over where another one stood, for a stream opened anew."""
        self.programme = Programme(before.programme.id, (), before.programme.scale)
        self.position, self.request, self.playing = before.position, before.request, before.playing
        self.delayed_switches = before.delayed_switches

    def break_off(self) -> None:
        """Begin anew where it stands, the envelope opening: the stream that was heard is no more."""
        self.level = self.direction = 0
        self.cross_from, self.gain_done = -1, self.fade

    def _take(self, request: Request) -> None:
        before, self.request = self.request, request
        if request.play_count != before.play_count:
            self.playing = bool(request.playing)
            if self.playing and self.ended:
                self.ended, self.next_position = False, 0
        if request.select_count != before.select_count and request.lane < len(self.programme.lanes):
            self.next_lane, self._delayed = request.lane, -1
        if request.seek_count != before.seek_count:
            self.next_position = min(max(request.seek_frame, 0), self.length)
        gain = np.float32(request.gain)
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
        (new, request), self._waiting = self._waiting, None
        old, self.programme, self.length = self.programme, new, new.frames
        if old.id:
            (up, down), (old_up, old_down) = new.scale, old.scale
            self.position = round(self.position * up * old_down / (down * old_up))
        self.lane, self.next_lane, self.next_position = 0, -1, -1
        self._take(request)
        self.lane = min(request.lane, max(len(new.lanes) - 1, 0))
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
        goes = self.playing and not self.closing and self.length > 0
        if goes and self._loops() and self.position >= self._end():
            self._jump(self.request.loop_start)
        goes = goes and self._is_fed()
        self.direction = int(goes)
        if bool(self.breaks[(self.break_count - 1) % BREAKS, 2]) != goes:
            self._mark_break(moving=goes)

    def _jump(self, position: int) -> None:
        self.position = position
        self._mark_break(moving=self.playing and self._is_fed())

    def _mark_break(self, *, moving: bool) -> None:
        self.breaks[self.break_count % BREAKS] = (self.delivered, self.position, int(moving))
        self.break_count += 1

    # -- what happens while something is heard ---------------------------------------------------------------

    def _loops(self) -> bool:
        return 0 <= self.request.loop_start < min(self.request.loop_stop, self.length)

    def _end(self) -> int:
        """Return the end of the loop, or of the programme."""
        return min(self.request.loop_stop, self.length) if self._loops() else self.length

    def _limit(self) -> int:
        """Return where the envelope must have closed: the end, or that of what is there."""
        feed, end = self.programme.feed, self._end()
        return end if feed is None else min(end, feed.until(self.position))

    def _is_fed(self) -> bool:
        """Tell whether enough is there to go on for a while."""
        feed = self.programme.feed
        return feed is None or feed.until(self.position) >= min(self._end(), self.position + feed.least)

    def _must_close(self) -> bool:
        if not self.playing or self.closing or self._waiting is not None or self.next_position >= 0:
            return True
        if self._limit() - self.position <= self.level:
            return True
        if self.next_lane < 0 or self.request.crossfade != STANDARD:
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
        if self.next_lane < 0 or self.request.crossfade < 0 or self.cross_from >= 0:
            return
        length = min(self.request.crossfade, self.longest_cross)
        if length:
            self.cross_from, self.cross_done, self.cross_length = self.lane, 0, length
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
        feed = self.programme.feed
        frames = BLOCK if feed is None else feed.most
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
        if self.next_lane >= 0 and self.direction >= 0 and self.request.crossfade == STANDARD:
            frames = min(
                frames, self._clear_at - self.position, self._delayed + 6 * self.fade - self.position
            )
        return max(1, frames)

    def is_steady(self, frames: int) -> bool:
        """Tell whether the next frames are nothing but one lane times the gain, as most of them are."""
        if self.level != self.fade or self.direction or self.gain_done < self.fade or not self.playing:
            return False
        if self.cross_from >= 0 or self.next_lane >= 0 or self.next_position >= 0 or self.closing:
            return False
        if self._waiting is not None or self.programme.audible is not None:
            return False
        if self.programme.feed is not None and frames > self.programme.feed.most:
            return False
        last = min(self._limit(), len(self.programme.lanes[self.lane])) - self.fade
        return self.position + frames < last

    def move_on(self, frames: int) -> None:
        """Take note that so many frames were rendered, at most `until_event`."""
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
