"""The selection: a stretch apart from the loop, dragged or typed, and what is measured of it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.bench.stretch import StretchMeasure, between
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane, tr_said
from gaplisten.ui.workbench.selection_bar import SelectionBar

_MARGIN = 20  # of what is zoomed to, this part is seen on either side

COMMANDS = (
    *section("Edit", "select", checkable=True)(
        (
            "edit.select",
            "Select and Measure",
            "S",
            "Drag to measure between two places, apart from the loop (with Ctrl at any time)",
        ),
    ),
    *section("Edit", "select")(
        ("edit.select_gap", "Select Gap", "", "Select the gap at hand"),
        ("edit.select_loop", "Select Loop", "", "Select what is looped"),
        ("edit.select_nothing", "Select Nothing", "", "Let go of what is selected"),
    ),
    *section("View", "zoom")(
        ("view.zoom_selection", "Zoom to Selection", "Shift+Z", "Fit what is selected into the view"),
    ),
    *section("Listen", "loop")(
        ("listen.loop_selection", "Loop Selection", "Shift+S", "Loop what is selected"),
    ),
)


class Selecting(QObject):
    """Keeps strip, lanes and selection in step.

    Attributes
    ----------
    bar
        The strip over the lanes.
    measured
        What is known of the selection in the version that is heard.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._selection = shell.selection
        self.measured = StretchMeasure(shell.controller.tasks)
        shell.controller.look_after(self.measured)
        self.measured.changed.connect(self._tell)
        self.bar = SelectionBar(shell.window)
        shell.put_over_lanes(self.bar)
        bind = shell.actions.bind
        bind("edit.select", self._select)
        bind("edit.select_gap", self._select_gap)
        bind("edit.select_loop", self._select_loop)
        bind("edit.select_nothing", self._selection.clear)
        bind("view.zoom_selection", self._zoom)
        bind("listen.loop_selection", self._loop)
        self.bar.add_actions(
            [shell.actions[name] for name in ("listen.loop_selection", "view.zoom_selection")]
        )
        self.bar.typed.connect(self._selection.take)
        self.bar.closed.connect(self._close)
        shell.lanes.selected.connect(self._selection.take)
        self._selection.changed.connect(self._show)
        signals = shell.signals
        signals.clip_changed.connect(self._selection.clear)
        signals.trace_changed.connect(self._show)
        for signal in (signals.heard_changed, signals.lane_changed, signals.lanes_changed):
            signal.connect(self._tell)

    def _select(self, on: bool) -> None:
        self._shell.lanes.set_selecting(on)
        self._show()
        if on:
            self._shell.say(tr("drag over the lanes to measure between two places"))

    def _close(self) -> None:
        self._shell.actions.check("edit.select", False)
        self._shell.lanes.set_selecting(False)
        self._selection.clear()
        self._show()
        self._shell.lanes.setFocus()

    def _select_gap(self) -> None:
        gap = self._shell.hand.gap
        if gap is None:
            self._shell.say(tr("no gap is at hand: go to one first"))
            return
        self._selection.take(gap.start, gap.stop)

    def _select_loop(self) -> None:
        loop = self._shell.looping.now
        if loop is None:
            self._shell.say(tr("there is no loop: A and B set one"))
            return
        self._selection.take(loop.start, loop.stop)

    # -- showing --------------------------------------------------------------------------------------

    def _show(self) -> None:
        span, wanted = self._selection.span, self._shell.actions["edit.select"].isChecked()
        self._shell.lanes.set_selection(span)
        self.bar.show_span(span, self._selection.clock)
        self.bar.setVisible(span is not None or (wanted and self._controller.frames > 0))
        self._tell()

    def _tell(self) -> None:
        span, lane = self._selection.span, self._controller.lane(self._controller.hearing.heard)
        if span is None or lane is None:
            self.measured.show(None)
        else:
            # The lane's own sound, and not what a residual shows.
            self.measured.show(self._shell.display.source_of(lane), *span)
        if span is None:
            self.bar.say("")
            return
        apart = between(span[1] - span[0], self._selection.clock.rate)
        found = self.measured.found
        told = (
            "" if found is None or lane is None else f"{lane.key} {tr_lane(lane.name)}: {tr_said(found.text)}"
        )
        self.bar.say(" · ".join(filter(None, (apart, told))))

    # -- what is done with it -------------------------------------------------------------------------

    def _span(self) -> tuple[int, int] | None:
        span = self._selection.span
        if span is None or span[0] == span[1]:
            self._shell.say(tr("nothing is selected: drag with Ctrl, or press S and drag"))
            return None
        return span

    def _zoom(self) -> None:
        if (span := self._span()) is not None:
            margin = (span[1] - span[0]) // _MARGIN
            self._shell.lanes.zoom_to(span[0] - margin, span[1] + margin)
            self._shell.lanes.stay()

    def _loop(self) -> None:
        if (span := self._span()) is not None:
            self._shell.looping.set(*span)


PANE = Pane("selecting", Selecting, COMMANDS, place=16)
