"""`gaplisten play`: play a clip; switch between its versions, sample-synchronously."""

from __future__ import annotations

import os
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.gain import TARGET_DBOV
from gaplisten.bench.controller import Controller
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.lanes import Lane
from gaplisten.bench.settings import Settings
from gaplisten.bench.state import Loop, RoleChoice, Sources
from gaplisten.commands.folder_options import ChannelsOption, Raw, reading_from
from gaplisten.errors import GaplistenError, in_line
from gaplisten.loss.trace import Gap
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.player import Player, PlayerState, SwitchMode
from gaplisten.playback.programme import FADE_MS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_LOOK = 0.02


class PlayError(GaplistenError):
    """It cannot be played, or not as asked."""


# -- the clip ---------------------------------------------------------------------------------------------


def _sources(paths: Sequence[Path], reading: Reading = AS_TOLD) -> Sources:
    """Return what was named: folders as they are understood elsewhere, files in the order given.

    The first sound is the reference, on whose clock and with whose gain the others are heard.
    """
    from gaplisten.audio.files import SOUNDING_SUFFIXES, probe
    from gaplisten.clips.roles import Role, guess_roles

    if any(path.is_dir() for path in paths):
        return Sources(tuple(paths), reading=reading)
    roles: list[RoleChoice] = []
    for path in paths:
        if path.suffix.lower() not in SOUNDING_SUFFIXES and guess_roles([path])[0].role is Role.TRACE:
            roles.append(RoleChoice(path, Role.TRACE))
            continue
        probe(path, reading)  # says at once what is wrong with a file
        sounds = sum(choice.role != Role.TRACE for choice in roles)
        roles.append(RoleChoice(path, Role.CONDITION if sounds else Role.REFERENCE, path.name))
    return Sources(tuple(paths), tuple(roles), reading=reading)


def _level(text: str) -> float | None:
    """Return the wanted speech level in dBov, None to leave it as it is."""
    if text == "off":
        return None
    try:
        return float(text)
    except ValueError:
        raise PlayError(f"--level {text}", "is no number", "give dBov such as -26, or 'off'") from None


def _open(controller: Controller, sources: Sources, name: str | None) -> None:
    """Open the clip of that name, or the first; what cannot be used of it is said and left out."""
    problems: list[object] = []
    controller.failed.connect(problems.append)
    controller.open_sources(sources)
    wanted = name
    while controller.busy or wanted is not None:
        controller.poll()
        if wanted is not None and controller.clipset is not None:
            found = [clip.name for clip in controller.clipset.clips]
            if wanted not in found:
                raise PlayError(f"--clip {wanted}", "there is no such clip", f"there are: {_some(found)}")
            controller.show_clip(wanted)
            wanted = None
        elif wanted is not None and not controller.busy:
            break
        time.sleep(_LOOK / 4)
    audible = [lane for lane in controller.lanes if lane.signal is not None]
    if not audible and problems and isinstance(problems[0], GaplistenError):
        raise problems[0]
    notes = controller.opened.notes if controller.opened is not None else ()
    for said in (*problems, *notes):
        print(in_line(str(said)), file=sys.stderr)
    if not audible:
        where = ", ".join(map(str, sources.paths))
        raise PlayError(where, "there is no sound to play", "name sound files, or a folder of clips")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


# -- the device -------------------------------------------------------------------------------------------


def _ready(player: Player) -> None:
    """Wait until there is sound, or say why there is none."""
    while (state := player.state).starting:
        time.sleep(_LOOK)
    if not state.available:
        raise PlayError("no sound", state.reason, "'gaplisten doctor' tells more")


def _device(player: Player, wanted: str) -> OutputDevice:
    found = [device for device in player.devices() if wanted.lower() in device.title.lower()]
    exact = [device for device in found if device.name == wanted]
    if not found:
        names = ", ".join(device.title for device in player.devices())
        raise PlayError(f"--device {wanted}", "there is no such device", f"there are: {names}")
    return (exact or found)[0]


def _range(text: str, rate: int) -> Loop:
    try:
        start, stop = (float(part) for part in text.split(":"))
        if not 0 <= start < stop:
            raise ValueError
    except ValueError:
        raise PlayError(f"--part {text}", "is no range", "give seconds, such as 1.5:2.25") from None
    return Loop(round(start * rate), round(stop * rate))


# -- the terminal -----------------------------------------------------------------------------------------

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _keys() -> Iterator[None]:
        yield

    def _key() -> str:
        """Return the next key that was pressed, or nothing."""
        return msvcrt.getwch() if sys.stdin.isatty() and msvcrt.kbhit() else ""
else:
    import select
    import termios
    import tty

    def _in_front() -> bool:
        """Whether there is a terminal that hands its keys to this process."""
        try:
            return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        except (OSError, ValueError, AttributeError):
            return False

    @contextmanager
    def _keys() -> Iterator[None]:
        """Have keys arrive one by one, without Enter."""
        if not _in_front():
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _key() -> str:
        """Return the next key that was pressed, or nothing."""
        if not _in_front() or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return os.read(sys.stdin.fileno(), 1).decode("latin-1")


def gap_words(gaps: Sequence[Gap], stops: Sequence[int], position: int, rate: int) -> str:
    """Return where a position lies among the gaps; `stops` are their ends, ascending."""
    index = bisect_right(stops, position)
    if index == len(gaps):
        return f"after the last of {len(gaps)} gaps" if gaps else ""
    number = f"gap {index + 1} of {len(gaps)}"
    away = gaps[index].start - position
    return f"in {number}" if away <= 0 else f"{number} in {away / rate:.2f} s"


class Listening:
    """A clip that is played: its versions on keys, its position and gap on the terminal."""

    def __init__(self, controller: Controller) -> None:
        self._controller, self._hearing = controller, controller.hearing
        self._lanes = [lane for lane in controller.lanes if lane.signal is not None]
        self._stops = [gap.stop for gap in controller.gaps]
        self._gaps, self._rate = controller.gaps, controller.rate
        self._paused = False

    def follow(self, every: float | None) -> None:
        """Watch until the end, switching by keys and at the times asked for."""
        switches, begun = 0, time.monotonic()
        state = self._hearing.state
        while state.playing or self._paused:
            time.sleep(_LOOK)
            self._controller.poll()
            self._show(state)
            if every is not None and time.monotonic() - begun >= (switches + 1) * every:
                switches += 1
                self._hear(self._lanes[switches % len(self._lanes)].key)
            if not self.obey(_key()):
                return
            state = self._hearing.state
        if not state.ended:
            raise PlayError("stopped", state.reason or "before the end")
        if state.underflows:
            print(f"{state.underflows} underflows: the machine was too busy at times", file=sys.stderr)

    def obey(self, key: str) -> bool:
        """Do what a key asks for; False if that is to end."""
        if key.isdigit() and int(key) in [lane.key for lane in self._lanes]:
            self._hear(int(key))
        elif key == " ":
            self._hearing.toggle()
            self._paused = not self._paused
        return key not in ("q", "Q")

    @property
    def _lane(self) -> Lane:
        return next(lane for lane in self._lanes if lane.key == self._hearing.heard)

    def _hear(self, key: int) -> None:
        self._hearing.hear(key)
        if not sys.stderr.isatty():
            print(
                f"{self._hearing.state.position / self._rate:8.3f} s  {self.title(self._lane)}",
                file=sys.stderr,
            )

    def title(self, lane: Lane) -> str:
        """Return what a version is called here: the file's name, where that is known."""
        opened = self._controller.opened
        if lane.ident == "reference" and opened is not None and opened.clip.reference is not None:
            return in_line(opened.clip.reference.name)
        return in_line(lane.name)

    def _show(self, state: PlayerState) -> None:
        if not sys.stderr.isatty():
            return
        where = gap_words(self._gaps, self._stops, state.position, self._rate)
        lane = f"{self._hearing.heard} {self.title(self._lane)}"
        rests = "  paused" if self._paused else ""
        line = f"{state.position / self._rate:8.3f} s  {lane:32.32}  {where}{rests}"
        print(f"\r{line:78.78}", end="", file=sys.stderr, flush=True)

    def leave(self) -> None:
        """Let the terminal go on below what was shown."""
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def introduce(self) -> None:
        """Say which key is for which version."""
        if sys.stderr.isatty():
            versions = "   ".join(f"{lane.key} {self.title(lane)}" for lane in self._lanes if lane.key < 10)
            print(f"{versions}   (Space pauses, Q ends)", file=sys.stderr)


@app.command()
def play(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Sound files (the first is the reference) and their loss trace, or a folder of clips.",
        ),
    ],
    clip: Annotated[
        str | None,
        typer.Option("--clip", metavar="NAME", help="Which clip of a folder; the first by default."),
    ] = None,
    switch_every: Annotated[
        float | None,
        typer.Option(
            "--switch-every", metavar="S", min=0.05, help="Go on to the next version every S seconds."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Output device, by (part of) its name.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Repeat until stopped by Q or Ctrl-C.")] = False,
    part: Annotated[
        str | None, typer.Option("--part", metavar="FROM:TO", help="Repeat this part, in seconds.")
    ] = None,
    crossfade_ms: Annotated[
        float | None,
        typer.Option("--crossfade-ms", min=0, max=1000, help="Cross-fade instead of fading out and in."),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", metavar="DBOV", help="Speech level of the reference; 'off': as it is.")
    ] = str(TARGET_DBOV),
    raw: Raw = None,
    channels: ChannelsOption = None,
) -> None:
    """Play a clip; keys 0-9 switch between its versions at the same running position.

    One gain, taken from the reference (ITU-T P.56), applies to all, so differences in level are heard.
    """
    target, sources = _level(level), _sources(paths, reading_from(raw, channels))
    player = Player()
    hearing = Hearing(player, as_is=target is None)
    controller = Controller(hearing, Settings(level_dbov=TARGET_DBOV if target is None else target))
    try:
        _open(controller, sources, clip)
        if target is not None:
            print(f"level: {controller.gain_note}", file=sys.stderr)
        _ready(player)
        if device is not None:
            player.choose(_device(player, device), remember=False)
        mode: SwitchMode = "standard" if crossfade_ms is None else "crossfade"
        player.set_switching(mode, FADE_MS if crossfade_ms is None else crossfade_ms)
        if loop or part:
            looped = _range(part, controller.rate) if part else Loop(0, controller.frames)
            hearing.set_loop(looped)
            hearing.seek(looped.start)
        listening = Listening(controller)
        listening.introduce()
        player.play()
        try:
            with _keys():
                listening.follow(switch_every)
        finally:
            listening.leave()
    finally:
        player.pause()
        time.sleep(0.05)  # for the fade
        controller.close()
