"""What the user wants of the player, in frames of the clip."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gaplisten.audio.signal import Signal
from gaplisten.playback.lanes import Ready
from gaplisten.playback.player import SwitchMode
from gaplisten.playback.programme import FADE_MS, MAX_CROSSFADE_MS, STANDARD, Wishes


@dataclass
class Wanted:
    """Kept on the window's side: nothing is forgotten when the audio process has to be started again."""

    lanes: list[Signal] = field(default_factory=list)
    clip: int = 0
    gain: float = 1.0
    playing: bool = False
    play_count: int = 0
    lane: int = 0
    select_count: int = 0
    seek_frame: int = 0
    seek_count: int = 0
    seek_time: float = 0.0
    loop: tuple[int, int] | None = None
    mode: SwitchMode = "standard"
    crossfade_ms: float = FADE_MS
    speed: float = 1.0
    audible: tuple[tuple[int, int], ...] | None = None
    boundaries: tuple[int, ...] = ()
    meter_count: int = 0

    @property
    def frames(self) -> int:
        """Length of the longest lane."""
        return max((lane.frames for lane in self.lanes), default=0)

    def seek(self, frame: int) -> None:
        """Want to be elsewhere."""
        self.seek_frame = min(max(int(frame), 0), self.frames)
        self.seek_count += 1
        self.seek_time = time.monotonic()

    def hush(self) -> None:
        """Want no sound any more, without forgetting where it was."""
        self.playing = False
        self.play_count += 1

    def play(self) -> None:
        """Want sound, and a fresh clip light."""
        self.playing = True
        self.play_count += 1
        self.meter_count += 1

    def wishes(self, ready: Ready) -> Wishes:
        """Return all of it as the mixer understands it, for lanes that are ready."""
        start, stop = self.loop or (0, 0)
        length = min(max(self.crossfade_ms, 0.0), MAX_CROSSFADE_MS) * ready.rate / 1000.0
        return Wishes(
            programme=ready.id,
            playing=int(self.playing),
            play_count=self.play_count,
            lane=self.lane,
            select_count=self.select_count,
            seek_frame=ready.to_lane(self.seek_frame),
            seek_count=self.seek_count,
            loop_start=ready.to_lane(start),
            loop_stop=ready.to_lane(stop),
            crossfade=STANDARD if self.mode == "standard" else round(length),
            meter_count=self.meter_count,
            gain=self.gain,
        )
