"""Levels and delays in the workbench: measured unasked, changed only when asked, recorded with the work."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from gaplisten.bench.lane_edits import MOVABLE, LaneRow, gain_text, gains_text, row_of
from gaplisten.bench.level_measures import REFERENCE
from gaplisten.bench.levels import aligned, delay_words
from gaplisten.bench.state import Note
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane, tr_said
from gaplisten.ui.widgets import NotAligned
from gaplisten.ui.workbench.levels_dock import LevelsDock

COMMANDS = (
    *section("Listen", "levels")(
        ("listen.levels", "Levels and Delays", "Ctrl+Shift+L", "Show level, loudness and delay of each lane"),
    ),
    *section("Listen", "levels", checkable=True)(
        (
            "listen.match",
            "Match Levels in This Clip",
            "M",
            "Bring every condition to the reference's level; hides its own level error",
        ),
    ),
    *section("Listen", "levels")(
        (
            "listen.clip_light",
            "Reset Clip Indicator",
            "",
            "Reset the indicator beside the meter; it lights up again when the output clips",
        ),
        (
            "listen.measure_delay",
            "Measure Delay of This Lane",
            "Shift+D",
            "Find the heard lane's delay against the reference",
        ),
    ),
    *section("Listen", "levels", checkable=True)(
        (
            "listen.remove_delay",
            "Remove Delay of This Lane",
            "D",
            "Move the heard lane onto the reference's clock, or back",
        ),
    ),
)
_COMPARING = ("view.residual", "view.altered")


class Levels(QObject):
    """Joins measurements, edits and dock; says where samples are compared that do not belong together."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        controller = shell.controller
        self.measured, self.edits = controller.levels, controller.edits
        self._removing: set[str] = set()
        self._unaligned_now: tuple[str, ...] = ()
        self._removable_now = False
        self.dock = LevelsDock(shell.window)
        self.over_lanes = NotAligned(shell.window)
        self.over_lanes.removal_wanted.connect(self._remove_all)
        shell.put_over_lanes(self.over_lanes)
        self._bind()
        self._connect()

    def _bind(self) -> None:
        bind = self._shell.actions.bind
        bind("listen.levels", self._open)
        bind("listen.match", lambda on: self._match("clip" if on else "off"))
        bind("listen.clip_light", lambda: self._controller.hearing.player.reset_meter())
        bind("listen.measure_delay", lambda: self._measure(self._heard()))
        bind("listen.remove_delay", lambda on: self.remove(self._heard(), on))

    def _connect(self) -> None:
        controller, dock, signals = self._controller, self.dock, self._shell.signals
        for name in _COMPARING:
            self._shell.actions[name].toggled.connect(self._show_strip)
        signals.clip_changed.connect(self._removing.clear)
        for signal in (signals.lanes_changed, signals.lane_changed, signals.clip_changed):
            signal.connect(self.show)
        signals.levels_changed.connect(self._on_levels)
        signals.heard_changed.connect(self._on_heard)
        place = self._shell.docks["levels"]
        place.visibilityChanged.connect(controller.want_levels)  # false for a tab behind another
        dock.matching_chosen.connect(self._match)
        dock.removal_wanted.connect(self.remove)
        dock.delay_wanted.connect(self._measure)
        dock.note_wanted.connect(self._note)

    # -- what changes ---------------------------------------------------------------------------------

    def _on_levels(self) -> None:
        for ident in sorted(self._removing):
            if self.measured.delay(ident) is not None:
                self._removing.discard(ident)
                self.remove(ident, True)
        self.show()

    def _on_heard(self, key: int) -> None:
        self.dock.select(key)
        self._check()

    def _heard(self) -> str:
        lane = self._controller.lane(self._controller.hearing.heard)
        return lane.ident if lane is not None else ""

    # -- what is asked for ----------------------------------------------------------------------------

    def _open(self) -> None:
        self._shell.bring("levels", self.dock.table)

    def _match(self, what: str) -> None:
        name = self._controller.clip_name
        if name is None or not self._measurable_clip():
            self._shell.say(tr("levels are matched to a reference, and there is none"))
            self.show()
            return
        self._controller.document.match_levels(name, this=what == "clip", every=what == "all")

    def _measurable_clip(self) -> bool:
        return REFERENCE in self._controller.originals

    def _measure(self, ident: str) -> None:
        lane = self._controller.originals.get(ident)
        if lane is None or lane.signal is None or ident == REFERENCE or not self._measurable_clip():
            self._shell.say(tr("there is no delay to measure: it takes a reference and another lane"))
            return
        self.measured.ask_delay(ident)
        if self.measured.awaited(ident):
            self._shell.say(tr("measuring the delay of {lane_name}", lane_name=tr_lane(lane.name)))
        self.show()

    def remove(self, ident: str, on: bool) -> None:
        """Move a lane onto the reference's clock by its median delay, or back to where it was."""
        name, delay = self._controller.clip_name, self.measured.delay(ident)
        lane = self._controller.originals.get(ident)
        if on and (lane is None or lane.role not in MOVABLE):
            self._shell.say(tr("reference and lossy stay where they are"))
        elif name is not None and not on:
            self._controller.document.set_delay(name, ident, 0)
        elif name is not None and delay is None:
            self._removing.add(ident)
            self._measure(ident)
            self._removing &= {one for one in self._removing if self.measured.awaited(one)}
        elif name is not None and delay is not None and delay.track and delay.frames:
            self._controller.document.set_delay(name, ident, delay.frames)
        elif delay is not None:
            self._shell.say(tr("this lane has no delay that could be removed"))
        self._check()

    def _remove_all(self) -> None:
        for ident in self._unaligned():
            if self._removable(ident):
                self.remove(ident, True)

    def _removable(self, ident: str) -> bool:
        delay = self.measured.delay(ident)
        return delay is not None and bool(delay.frames) and not self.edits.removed(ident)

    def _note(self) -> None:
        name = self._controller.clip_name
        text = gains_text(self._controller.lanes, self.edits, self._controller.gain_note)
        if name is not None:
            self._controller.document.add_note(name, Note(0, "own", text))
            self._shell.say(tr("the gains are in the notes, at the clip's start"))

    # -- what is shown --------------------------------------------------------------------------------

    def _unaligned(self) -> dict[str, str]:
        """Return the lanes that are not on the reference's clock: what to say of each, by identifier."""
        found = {}
        for lane in self._controller.lanes:
            delay, removed = self.measured.delay(lane.ident), self.edits.removed(lane.ident)
            if delay is not None and not aligned(delay, removed):
                words = delay_words(delay, removed, self._controller.rate)
                found[lane.ident] = f"{tr_lane(lane.name)} ({words})"
        return found

    def show(self) -> None:
        """Show what is known."""
        controller = self._controller
        opened = controller.opened
        seconds = opened.frames / max(opened.rate, 1) if opened is not None else 1.0
        rows: list[LaneRow] = [row_of(lane, self.measured, self.edits) for lane in controller.lanes]
        self.dock.show_rows(rows, controller.rate, seconds)
        self.dock.gain.setText(tr_said(gain_text(self.measured, controller.gain_note)))
        if self.dock.table.currentRow() < 0:
            self.dock.select(controller.hearing.heard)
        unaligned = self._unaligned()
        self._unaligned_now = tuple(unaligned.values())
        self._removable_now = any(self._removable(ident) for ident in unaligned)
        self._show_strip()
        self._shell.unaligned_changed.emit(self._unaligned_now)
        self._check()

    def _show_strip(self) -> None:
        """Say it over the lanes, where samples are compared that do not belong together."""
        comparing = any(self._shell.actions[name].isChecked() for name in _COMPARING)
        what = tr("What differs there is the delay as much as the concealment.")
        lanes = self._unaligned_now if comparing else ()
        self.over_lanes.show_lanes(lanes, what, removable=self._removable_now)

    def _check(self) -> None:
        actions, work = self._shell.actions, self._controller.document.work
        mode = "all" if work.match_levels else "clip" if self.edits.matching else "off"
        self.dock.show_matching(mode, self._measurable_clip())
        actions.check("listen.match", mode != "off")
        actions.check("listen.remove_delay", bool(self.edits.removed(self._heard())))


PANE = Pane(
    "levels",
    Levels,
    COMMANDS,
    "Levels and Delays",
    Qt.DockWidgetArea.BottomDockWidgetArea,
    behind="notes",
    place=64,
)
