"""The gap table in the workbench: measured in the background, and the way from the worst gap to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QBoxLayout

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.gap_content import Column, LaneHead, facts_alone
from gaplisten.bench.gap_ranking import Place, step
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import GapChoices, Work
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import MEASURES
from gaplisten.tables import Table, write_csv
from gaplisten.ui.actions import section
from gaplisten.ui.gaps.dock import GapsDock
from gaplisten.ui.gaps.measures_dialog import MeasuresDialog
from gaplisten.ui.gaps.walk import COMMANDS as WALKING
from gaplisten.ui.gaps.walk import ON_A_GAP, GapWalk
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane, tr_n, tr_said
from gaplisten.ui.widgets import NotAligned

_DOCK_HEIGHT = 215

COMMANDS = (
    *WALKING,
    *section("Gap", "worst")(
        ("gap.next_worst", "Next Worst Gap", "W", "Go to the next worst gap of the lane heard"),
        ("gap.previous_worst", "Previous Worst Gap", "Shift+W", "Go back to the gap before it"),
    ),
    *section("Gap/Worst By", "worst", checkable=True, group="worst")(
        *((f"gap.by_{each.key}", each.title, "", f"Gaps are worse by {each.help}") for each in MEASURES),
    ),
    *section("Gap", "list", checkable=True)(
        ("gap.worst_first", "List Worst First", "", "Order the table by that measure"),
        ("gap.flagged", "List Flagged Gaps Only", "", "Leave out gaps without a !"),
    ),
    *section("Gap", "list")(
        ("gap.measures", "Measures and Thresholds…", "", "Choose the table's columns, set thresholds"),
    ),
    *section("File/Export", "tables")(
        ("export.gaps", "Gap Table…", "", "Save the gap table as CSV"),
    ),
)

_MENU = (
    *(*ON_A_GAP, "", "edit.note", "gap.hand_over", "gap.hand_over_to"),
    *("", "gap.worst_first", "gap.flagged", "gap.measures", "export.gaps"),
)


class Gaps(QObject):
    """Keeps the gap table in step with lanes, loss and the user's choices.

    Attributes
    ----------
    measuring
        The values.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dock = self._dock = GapsDock(shell.window)
        self.walk = GapWalk(shell, self.dock)
        self.measuring = shell.controller.gap_measures
        self._dialog: MeasuresDialog | None = None
        self._tour: tuple[tuple[object, ...], int, int] | None = None  # of what, rank, gap
        shell.actions.listen_in(self.dock.table)
        shell.stop_at(self.dock, self.dock.table)
        shell.offer_menu(self.dock.table, _MENU)
        self._bind()
        self._dock.set_choices(self.choices)
        shell.controller.document.listeners.append(self._on_work)
        self._dock.provider = self._provide
        shell.controller.worst_gaps.listed = lambda: self._dock.model.gaps_shown
        self._dock.choices_made.connect(self.choose)
        self._dock.measures_wanted.connect(self._open_dialog)
        self._dock.resume_wanted.connect(self.measuring.resume)
        self._dock.flagged.toggled.connect(lambda on: shell.actions.check("gap.flagged", on))
        self._dock.head.sortIndicatorChanged.connect(self._on_order)
        self.measuring.changed.connect(self._show)
        signals = shell.signals
        for signal in (signals.lanes_changed, signals.lane_changed, signals.trace_changed):
            signal.connect(self._on_lanes)
        signals.heard_changed.connect(self._dock.show_heard)
        self.not_aligned = NotAligned(shell.window)
        shell.unaligned_changed.connect(self._show_unaligned)
        layout = self.dock.layout()
        assert isinstance(layout, QBoxLayout)
        layout.insertWidget(0, self.not_aligned)

    def _bind(self) -> None:
        bind = self._shell.actions.bind
        bind("export.gaps", self._ask_file)
        bind("gap.next_worst", lambda: self.go(1))
        bind("gap.previous_worst", lambda: self.go(-1))
        for measure in MEASURES:
            bind(
                f"gap.by_{measure.key}",
                lambda _on, key=measure.key: self.choose(replace(self.choices, worst=key)),
            )
        bind("gap.worst_first", self._worst_first)
        bind("gap.flagged", self._dock.flagged.setChecked)
        bind("gap.measures", self._open_dialog)
        self._shell.actions.check(f"gap.by_{self.choices.worst}")

    def _show_unaligned(self, lanes: tuple[str, ...]) -> None:
        self.not_aligned.show_lanes(
            lanes, tr("Their gaps lie elsewhere than measured here."), removable=False
        )

    # -- what is measured -----------------------------------------------------------------------------

    def _on_lanes(self) -> None:
        controller = self._controller
        self._show_heads()
        self._dock.show_heard(controller.hearing.heard)
        controller.measure_gaps()

    def _columns(self) -> list[Lane]:
        others = (Role.CONDITION, Role.CONCEALER, *([Role.LOSSY] if self.choices.lossy else []))
        return [lane for lane in self._controller.lanes if lane.role in others]

    def _show_heads(self) -> None:
        lanes = self._columns()
        heads = [
            LaneHead(each.key, each.ident, each.name, self._elsewhere(each), each.colour) for each in lanes
        ]
        self._dock.show_lanes(heads)

    def _elsewhere(self, lane: Lane) -> str:
        """Return why a lane has no values at the gaps that are listed; empty where it met these losses."""
        controller = self._controller
        met, listed = lane.met(controller.trace), controller.listed_trace
        if met is listed:
            return ""
        if met is None:
            return tr(
                "it is not known what lane {lane_key} {lane_name} lost",
                lane_key=lane.key,
                lane_name=tr_lane(lane.name),
            )
        whose = tr("losses of its own") if lane.own_loss else tr("the clip's losses")
        return tr(
            "lane {lane_key} {lane_name} met {whose}: hear it ({lane_key}) to list those gaps",
            lane_key=lane.key,
            lane_name=tr_lane(lane.name),
            whose=whose,
        )

    def _show(self) -> None:
        measuring = self.measuring
        self._dock.show_values(measuring.table, measuring.pending, reference=measuring.has_reference)
        told = wording.clip_facts(measuring.table, self._dock.model.content.lanes)
        self._dock.say(self._said(), [*map(tr_said, told)], stopped=measuring.stopped)

    def _said(self) -> str:
        measuring, content = self.measuring, self._dock.model.content
        if not content.gaps:
            return ""
        if measuring.error:
            return tr("not measured: {error}", error=measuring.error)
        if measuring.stopped:
            return tr("measuring was cancelled")
        if not content.lanes:
            return tr("tick a concealer, or open a condition, to have its gaps measured")
        if measuring.pending:
            return tr("measuring…")
        flagged = len(content.rows(flagged=True))
        said = (
            tr("{flagged} of {n_gaps} gaps flagged", flagged=flagged, n_gaps=len(content.gaps))
            if content.chosen.shown
            else ""
        )
        others = [str(lane.key) for lane in content.lanes if lane.elsewhere]
        elsewhere = (
            tr_n(
                "{lanes} other losses: hear it for those gaps",
                "{lanes} other losses: hear them for those gaps",
                len(others),
                lanes=_lanes(others),
            )
            if others
            else ""
        )
        told = wording.clip_facts(measuring.table, content.lanes)
        said = " · ".join(filter(None, (said, elsewhere, *map(tr_said, told[:1]))))
        said += f" (+{len(told) - 1})" if told[1:] else ""
        lacking = [tr_said(wording.short(m)) for m in content.chosen.measures if m.needs_reference]
        if lacking and not measuring.has_reference:
            said += tr(" · no reference, so no {join}", join=", ".join(lacking))
        return said

    def _provide(self, callback: Callable[[Table], None]) -> None:
        def hand_over() -> None:
            if self.measuring.error:
                way_out = tr("open the clip again, or use gaplisten gaps")
                self._shell.report(GaplistenError(tr("gap table"), self.measuring.error, way_out))
                return
            tables = self.measuring.named_tables() or (facts_alone(self._dock.model.content.gaps),)
            each = [table.table(self.choices.thresholds) for table in tables]
            callback(Table(each[0].columns, tuple(row for table in each for row in table.rows)))

        self.measuring.when_measured(hand_over)

    # -- choices --------------------------------------------------------------------------------------

    @property
    def choices(self) -> GapChoices:
        """How gaps are judged."""
        return self._controller.document.work.gaps

    def choose(self, choices: GapChoices) -> None:
        """Judge gaps by these measures and thresholds; it is kept with the work, and can be undone."""
        self._controller.document.judge_gaps(choices)

    def _on_work(self, before: Work, work: Work) -> None:
        chosen = work.gaps
        if chosen == before.gaps:
            return
        self._dock.set_choices(chosen)
        self._show_heads()
        self._show()
        self._shell.actions.check(f"gap.by_{chosen.worst}")
        if self._dialog is not None:
            self._dialog.show_choices(chosen)
        if chosen.worst != before.gaps.worst:
            self._dock.reveal(chosen.worst)
            if self._shell.actions["gap.worst_first"].isChecked():
                self._worst_first(True)

    def _open_dialog(self) -> None:
        if self._dialog is None:
            self._dialog = MeasuresDialog(self.choices, self._shell.window)
            self._dialog.choices_made.connect(self.choose)
        self._dialog.show_choices(self.choices)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _worst_first(self, on: bool) -> None:
        idents = self._heard_lanes()
        wanted = next((lane.ident for lane in self._columns() if lane.ident in idents), None)
        measure = self.choices.worst_measure
        if on and measure.key not in self.choices.shown:
            self.choose(self.choices.with_shown(measure.key, True))
        done = self._dock.sort_by(wanted if on else None, measure.key) and (wanted is not None or not on)
        if not done:
            self._shell.say(tr("hear a lane that has columns in the gap table first"))
            self._shell.actions.check("gap.worst_first", False)

    def _on_order(self) -> None:
        """Have the menu say whether the worst still comes first, after the user ordered by another column."""
        content, (place, order) = self._dock.model.content, self._dock.model.sorted_by
        column = content.columns[place]
        first = isinstance(column, Column) and column.measure.key == self.choices.worst
        best = self._dock.model.headerData(
            place, Qt.Orientation.Horizontal, Qt.ItemDataRole.InitialSortOrderRole
        )
        self._shell.actions.check("gap.worst_first", first and order == best)

    # -- from worst to worst --------------------------------------------------------------------------

    def _heard_lanes(self) -> list[str]:
        """Return the lane that is heard; for the reference, all that have columns."""
        controller = self._controller
        lane = controller.lane(controller.hearing.heard)
        if lane is None or lane.role is Role.REFERENCE:
            return [each.ident for each in self._columns()]
        return [lane.ident]

    def go(self, by: int) -> None:
        """Go to the next worst gap (1) or back (-1): the worst first, when coming from elsewhere."""
        idents, worst = self._heard_lanes(), self._controller.worst_gaps
        order = worst.order(idents)
        if not order:
            self._shell.say(self._why_none(idents))
            return
        what = (*idents, worst.measure.key)
        rank = step(order, self._rank_now(what, order), by)
        place = order[rank]
        self.walk.go_to(place.gap)
        self._tour = (what, rank, place.gap)
        self._dock.reveal(worst.measure.key, place.ident)
        self._shell.say(worst.told(place, self._lane_named(place.ident), rank, len(order)))

    def _rank_now(self, what: tuple[object, ...], order: list[Place]) -> int | None:
        if self._tour is None or self._tour[0] != what or self._shell.hand.index != self._tour[2]:
            return None
        return next((rank for rank, place in enumerate(order) if place.gap == self._tour[2]), None)

    def _lane_named(self, ident: str) -> str:
        lane = next((each for each in self._controller.lanes if each.ident == ident), None)
        return (
            tr("lane {lane_key} {lane_name}", lane_key=lane.key, lane_name=tr_lane(lane.name))
            if lane is not None
            else ident
        )

    def _why_none(self, idents: list[str]) -> str:
        measuring, measure = self.measuring, self.choices.worst_measure
        if not self._controller.gaps:
            return tr("there are no gaps")
        if measure.needs_reference and not measuring.has_reference:
            return tr(
                "{measure_title} needs the reference, which this clip does not have",
                measure_title=tr_said(measure.title),
            )
        if measuring.pending & {*idents}:
            return tr("the gaps are still being measured")
        if not idents:
            return tr("there is no lane to measure: tick a concealer, or open a condition")
        return tr("no gap listed has a value of {measure_title}", measure_title=tr_said(measure.title))

    # -- saving ---------------------------------------------------------------------------------------

    def _ask_file(self) -> None:
        path = self._shell.ask_path(
            tr("Save Gap Table"), f"{self._controller.clip_name}_gaps.csv", tr("CSV (*.csv)")
        )
        if path is not None:
            # Whatever is still being measured comes first: the file holds all measures of all lanes.
            self.dock.when_complete(lambda table: self._shell.write(path, lambda: write_csv(path, table)))


def _lanes(keys: list[str]) -> str:
    *most, last = keys
    return (
        tr("lanes {join} and {last} met", join=", ".join(most), last=last)
        if most
        else tr("lane {last} met", last=last)
    )


PANE = Pane("gaps", Gaps, COMMANDS, "Gaps", Qt.DockWidgetArea.BottomDockWidgetArea, place=31)
