"""The menu "Scores" of the workbench, and concealing of all clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.batch.work import named
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.ui.actions import section
from gaplisten.ui.batch.jump_to_clip import JumpToClip
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

# The dialogs bring panels, batches and statistics with them: they are imported when they are opened.
if TYPE_CHECKING:
    from gaplisten.batch.comparison import Comparison
    from gaplisten.batch.conceal_work import Concealed
    from gaplisten.batch.offer import Offer
    from gaplisten.batch.score_work import Scored
    from gaplisten.ui.batch.comparison_window import ComparisonWindow
    from gaplisten.ui.batch.conceal_dialog import ConcealDialog
    from gaplisten.ui.batch.score_dialog import ScoreDialog
    from gaplisten.ui.batch.service_dialog import ServiceDialog

COMMANDS = (
    *section("Conceal", "clips")(
        ("conceal.clips", "Conceal Clips…", "Ctrl+Shift+C", "Conceal all clips into a folder"),
    ),
    *section("Scores", "clips")(
        ("scores.clips", "Score Clips…", "Ctrl+Shift+M", "Score all clips into a table"),
    ),
    *section("Scores", "compare")(
        ("scores.compare", "Compare…", "", "Compare the conditions that were scored last"),
        ("scores.open", "Open Scores…", "", "Compare the conditions of a saved table"),
    ),
    *section("Scores", "service")(
        ("scores.service", "PLC-MOS Service…", "", "Say where your team's service is"),
    ),
)


class Batch(QObject):
    """Carries the commands out; each dialog exists once and keeps what was entered."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller, self._window = shell, shell.controller, shell.window
        self.jump = JumpToClip(shell)
        self.conceal_dialog: ConcealDialog | None = None
        self.score_dialog: ScoreDialog | None = None
        self.service_dialog: ServiceDialog | None = None
        self.windows: list[ComparisonWindow] = []
        self._last: Scored | None = None
        self._offered: Offer | None = None
        bind = shell.actions.bind
        bind("conceal.clips", self.conceal)
        bind("scores.clips", self.score)
        bind("scores.compare", lambda: self.compare(self._last)).setEnabled(False)
        bind("scores.open", self.choose_table)
        bind("scores.service", self.set_up_service)
        signals = shell.signals
        for signal in (signals.clips_changed, signals.clip_changed, signals.document_changed):
            signal.connect(self._renew)

    def _renew(self) -> None:
        """Have open dialogs offer what is open and switched on now."""
        dialogs = [each for each in (self.conceal_dialog, self.score_dialog) if each is not None]
        waiting = [each for each in dialogs if each.isVisible() and not each.run.running]
        offer = self._current() if waiting else None
        if offer is not None and offer != self._offered:
            self._offered = offer
            for each in waiting:
                each.show_offer(offer)

    def _current(self) -> Offer | None:
        controller = self._controller
        if controller.clipset is None or not controller.clipset.clips or controller.catalogue is None:
            return None
        from gaplisten.batch.offer import Offer

        controller.consent.hold_back_changed()
        work = controller.document.work
        edited = frozenset(name for name, done in work.clips.items() if done.loss is not None)
        shown = controller.clip_name
        return Offer(
            controller.clipset, shown, named(work.choices), controller.catalogue, edited, work.clip_table
        )

    def _offer(self, what: str) -> Offer | None:
        controller = self._controller
        if controller.clipset is None or not controller.clipset.clips:
            self._shell.report(
                GaplistenError(what, tr("no clips are open"), tr("open a folder, or the demo, first"))
            )
            return None
        if controller.catalogue is None:
            self._shell.report(
                GaplistenError(what, tr("the concealers are still being read"), tr("wait a moment"))
            )
            return None
        self._offered = self._current()
        return self._offered

    # --- concealing and scoring ------------------------------------------------------------------

    def conceal(self) -> None:
        """Open the dialog, or show the one whose work is under way."""
        offer = self._offer(tr("Conceal Clips"))
        if offer is None:
            return
        if self.conceal_dialog is None:
            from gaplisten.ui.batch.conceal_dialog import ConcealDialog

            self.conceal_dialog = ConcealDialog(self._controller.tasks, self._window)
            self.conceal_dialog.run.finished.connect(self._concealed)
        if not self.conceal_dialog.run.running:
            self.conceal_dialog.show_offer(offer)
        _present(self.conceal_dialog)

    def _concealed(self, value: Concealed) -> None:
        said = tr(
            "concealed: {done} files in {out}{failed}",
            done=value.done,
            out=value.wish.out,
            failed=_failed(value),
        )
        self._shell.say(said)

    def score(self) -> None:
        """Open the dialog, or show the one whose work is under way."""
        offer = self._offer(tr("Score Clips"))
        if offer is None:
            return
        if self.score_dialog is None:
            from gaplisten.ui.batch.score_dialog import ScoreDialog

            self.score_dialog = ScoreDialog(self._controller.tasks, self._window)
            self.score_dialog.scored.connect(self._scored)
            self.score_dialog.comparison_wanted.connect(self.compare)
            self.score_dialog.service_wanted.connect(self.set_up_service)
        if not self.score_dialog.run.running:
            self.score_dialog.show_offer(offer)
            self.score_dialog.look_for_service()
        _present(self.score_dialog)

    def _scored(self, value: Scored) -> None:
        self._last = value
        self._shell.actions.enable(["scores.compare"], True)
        said = tr(
            "scored: {n_rows} in {table}{failed}",
            n_rows=len(value.batch.rows),
            table=value.wish.table,
            failed=_failed(value),
        )
        self._shell.say(said)

    # --- comparing -------------------------------------------------------------------------------

    def compare(self, value: Scored | None) -> None:
        """Show the conditions of a batch side by side."""
        if value is None:
            return
        from gaplisten.batch.comparison import from_rows

        found = from_rows(value.wish.clipset.title or value.wish.table.stem, value.batch.rows)
        if found.scales:
            self.show_comparison(found)
        else:
            self._shell.report(
                GaplistenError(tr("Compare"), tr("no score has a value"), tr("see what failed"))
            )

    def choose_table(self) -> None:
        """Choose a table that was saved and show its conditions."""
        name, _ = QFileDialog.getOpenFileName(self._window, tr("Table of Scores"), "", tr("CSV (*.csv)"))
        if name:
            self.open_table(Path(name))

    def open_table(self, path: Path) -> None:
        """Show the conditions of a saved table."""

        def read(_job: Job) -> Comparison:
            from gaplisten.batch.comparison import from_table

            return from_table(path)

        self._controller.tasks.run(tr("reading {path_name}", path_name=path.name), read, self.show_comparison)

    def show_comparison(self, found: Comparison) -> None:
        """Open a window on scores."""
        from gaplisten.report.set_work import versions_scored
        from gaplisten.ui.batch.comparison_window import ComparisonWindow

        made = ComparisonWindow(
            found,
            tasks=self._controller.tasks,
            known=lambda comparison: versions_scored(comparison, self._controller.clipset),
        )
        made.clip_wanted.connect(self.jump.to)
        self._shell.signals.closed.connect(made.close)
        self.windows.append(made)
        made.destroyed.connect(lambda: self.windows.remove(made))
        made.show()

    # --- the service -----------------------------------------------------------------------------

    def set_up_service(self) -> None:
        """Open the dialog on the PLC-MOS service."""
        if self.service_dialog is None:
            from gaplisten.ui.batch.service_dialog import ServiceDialog

            self.service_dialog = ServiceDialog(self._controller.tasks, self._window)
            self.service_dialog.saved.connect(self._on_service)
        self.service_dialog.show_settings()
        _present(self.service_dialog)

    def _on_service(self) -> None:
        if self.score_dialog is not None and not self.score_dialog.run.running:
            self.score_dialog.look_for_service()


def _failed(value: Concealed | Scored) -> str:
    count = sum(remark.failed for remark in value.remarks)
    return tr(", {count} failed", count=count) if count else ""


def _present(dialog: ConcealDialog | ScoreDialog | ServiceDialog) -> None:
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()


PANE = Pane("batch", Batch, COMMANDS, place=60)
