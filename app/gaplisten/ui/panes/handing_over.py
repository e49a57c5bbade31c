"""A gap handed over: one key makes a ZIP that anybody can hear, and puts its text on the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, QUrl
from PySide6.QtGui import QGuiApplication, QImage

from gaplisten.bench.settings import is_there
from gaplisten.durable.places import safe_name
from gaplisten.errors import GaplistenError, visible
from gaplisten.jobs import Job
from gaplisten.report.finding import Finding
from gaplisten.report.lanes import finding_in_lanes
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

if TYPE_CHECKING:  # it draws, and what it draws with is loaded when the first gap is handed over
    from gaplisten.report.bundle import Bundle

_PLACE: Final = "handed over"  # the folder chosen last, among the window's settings
_ZIP, _ANONYMOUS, _FOLDER = tr("ZIP (*.zip)"), tr("ZIP, versions called A, B, C (*.zip)"), tr("Folder (*)")

COMMANDS = section("Gap", "out")(
    (
        "gap.hand_over",
        "Hand Over…",
        "X",
        "Save this gap of all versions as a ZIP to listen to without Gaplisten; copy its text and picture",
    ),
    ("gap.hand_over_to", "Hand Over To…", "Shift+X", "The same, in a place and a form to choose"),
)


@dataclass(frozen=True)
class Written:
    """What was handed over, and where it lies."""

    bundle: Bundle
    paths: Sequence[Path]


class HandingOver(QObject):
    """Makes a bundle of the gap at hand, in the background."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        shell.actions.bind("gap.hand_over", self.hand_over)
        shell.actions.bind("gap.hand_over_to", self.ask)

    def hand_over(self) -> None:
        """Write a ZIP beside the one before; ask where only the first time."""
        folder = str(self._shell.settings.value(_PLACE, "", type=str))
        index = self._index()
        if index is None:
            return
        if not folder or not is_there(folder):
            self.ask()
            return
        self._when_measured(index, _free(Path(folder) / f"{self._name(index)}.zip"), _ZIP)

    def ask(self) -> None:
        """Ask where, and in which form."""
        index = self._index()
        if index is None:
            return
        kinds = ";;".join((_ZIP, _ANONYMOUS, _FOLDER))
        found = self._shell.ask_file(tr("Hand Over Gap"), f"{self._name(index)}.zip", kinds)
        if found is not None and self._may_lie(*found):
            self._when_measured(index, *found)

    def _may_lie(self, path: Path, kind: str) -> bool:
        """Tell whether nothing is replaced but what the dialog has asked about: the name as it was typed."""
        folder = kind == _FOLDER
        from gaplisten.report.bundle import check_bundle, places_of

        try:
            with suppress(OSError):  # writing it will tell
                if path != places_of(path, folder=folder)[0] or not path.exists():
                    check_bundle(path, folder=folder, anonymous=kind == _ANONYMOUS)
        except GaplistenError as error:
            self._shell.report(error)
            return False
        return True

    def _index(self) -> int | None:
        """Return the gap at hand, or the nearest to the playhead; None (said) where there is no gap."""
        if not self._controller.gaps:
            self._shell.say(tr("there are no gaps to hand over"))
            return None
        hand = self._shell.hand
        return hand.index if hand.index >= 0 else hand.nearest(self._controller.hearing.state.position)

    def _name(self, index: int) -> str:
        gap, rate = self._controller.gaps[index], self._controller.rate
        return safe_name(f"{self._controller.clip_name}_gap{index + 1:02d}_{gap.start / rate:.3f}s")

    def _when_measured(self, index: int, path: Path, kind: str) -> None:
        clip, gap = self._controller.clip_name, self._controller.gaps[index]

        def ready() -> None:
            gaps = self._controller.gaps
            if self._controller.clip_name == clip and index < len(gaps) and gaps[index] == gap:
                self._start(index, path, kind)

        self._controller.gap_measures.when_measured(ready)

    def _start(self, index: int, path: Path, kind: str) -> None:
        try:
            finding = self._finding(index)
        except GaplistenError as error:
            self._shell.report(error)
            return

        def work(job: Job) -> Written:
            from gaplisten.report.bundle import bundle_of, write_bundle

            bundle = bundle_of(
                [finding], anonymous=kind == _ANONYMOUS, check=lambda name: job.check(0.2, name)
            )
            return Written(bundle, write_bundle(path, bundle, folder=kind == _FOLDER))

        self._controller.tasks.run(tr("handing over"), work, self._on_written)

    def _finding(self, index: int) -> Finding:
        controller = self._controller
        opened, trace = controller.opened, controller.listed_trace
        assert opened is not None
        assert trace is not None
        return finding_in_lanes(
            opened,
            controller.lanes,
            trace,
            index + 1,
            controller.gap_measures.table,
            controller.document.work,
            controller.settings.context_ms,
            shared=controller.trace,
        )

    def _on_written(self, written: Written) -> None:
        place = written.paths[0]
        if visible(str(place.parent)) == str(place.parent):
            # Qt drops what is no text: the next one would be written into a folder of another name.
            self._shell.settings.setValue(_PLACE, str(place.parent))
        content = QMimeData()
        content.setText(written.bundle.text)
        content.setImageData(QImage.fromData(written.bundle.picture))
        content.setUrls([QUrl(place.absolute().as_uri())])
        QGuiApplication.clipboard().setMimeData(content)
        said = tr(
            "handed over: {place}; its text and picture are on the clipboard", place=visible(str(place))
        )
        if written.paths[1:]:
            said += tr(". Keep {name} back: it names the versions", name=written.paths[1].name)
        self._shell.say(said)


def _free(path: Path) -> Path:
    """Return the path, numbered where there is a file already."""
    number, free = 2, path
    while free.exists():
        free, number = path.with_name(f"{path.stem}_{number}{path.suffix}"), number + 1
    return free


PANE = Pane("handing_over", HandingOver, COMMANDS, place=32)
