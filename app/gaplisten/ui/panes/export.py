"""Out of the workbench: pictures, sound, trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.audio.writing import write_signal
from gaplisten.bench.lanes import Lane
from gaplisten.durable.places import safe_name
from gaplisten.jobs import Job
from gaplisten.loss.formats import write_trace
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

if TYPE_CHECKING:
    from gaplisten.ui.lanes.export import Print
    from gaplisten.ui.workbench.picture_dialog import PictureLook

COMMANDS = (
    *section("File/Export", "picture")(
        ("export.picture", "Picture…", "Ctrl+Shift+P", "Save or copy the lanes as PNG or SVG"),
    ),
    *section("File/Export", "sound")(
        ("export.lane", "Sound of This Lane…", "Ctrl+Shift+E", "Save what is heard now"),
        ("export.lanes", "Sound of All Lanes…", "", "Save every lane into a folder"),
    ),
    *section("File/Export", "tables")(
        ("export.trace", "Loss Trace…", "", "Save the loss trace"),
    ),
)


class Export(QObject):
    """The Export menu, apart from what a table of its own holds."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        bind = shell.actions.bind
        bind("export.picture", self._ask_picture)
        bind("export.lane", self._ask_lane)
        bind("export.lanes", self._ask_lanes)
        bind("export.trace", self._ask_trace)

    # -- pictures -------------------------------------------------------------------------------------

    def _ask_picture(self) -> None:
        lanes = self._shell.lanes
        if self._controller.clip_name is None or not lanes.drawn:
            self._shell.say(tr("open a clip first"))
            return
        from gaplisten.ui.workbench.picture_dialog import PictureDialog

        dialog = PictureDialog(
            lanes.drawn,
            self._ranges(),
            self._controller.clip_name,
            self._kept_look(),
            lanes.on_paper,
            lambda: lanes.busy,
            mode=lanes.mode,
            parent=self._shell.window,
        )
        dialog.save_wanted.connect(self._ask_place)
        dialog.finished.connect(lambda: self._keep_look(dialog.look))
        dialog.open()

    def _ranges(self) -> dict[str, tuple[int, int]]:
        """Return the stretches that a picture can show; what is seen comes first."""
        shell, frames = self._shell, self._controller.frames
        found = {tr("What is seen"): shell.lanes.visible_range, tr("Whole clip"): (0, frames)}
        if (gap := shell.hand.gap) is not None:
            context = shell.hand.context
            found[tr("Gap at hand")] = (max(gap.start - context, 0), min(gap.stop + context, frames))
        if shell.selection.span is not None:
            found[tr("Selection")] = shell.selection.span
        if (loop := shell.looping.now) is not None:
            found[tr("Loop")] = (loop.start, loop.stop)
        return found

    def _ask_place(self, made: Print) -> None:
        path = self._shell.ask_path(
            tr("Save Picture"),
            f"{self._controller.clip_name}.png",
            tr("PNG (*.png);;SVG (*.svg)"),
        )
        if path is not None:
            self._shell.write(path, lambda: made.write(path))

    def _kept_look(self) -> PictureLook:
        """Return what the picture before began with; what makes no sense is left out."""
        from gaplisten.ui.workbench.picture_dialog import PictureLook

        kept, look = self._shell.settings, PictureLook()
        read: dict[str, Any] = {
            name: kept.value(f"picture/{name}", given, type(given)) for name, given in look.values.items()
        }
        return replace(look, **{name: value for name, value in read.items() if value is not None})

    def _keep_look(self, look: PictureLook) -> None:
        for name, value in look.values.items():
            self._shell.settings.setValue(f"picture/{name}", value)

    # -- sound ----------------------------------------------------------------------------------------

    def _still_read(self) -> bool:
        """Whether lanes are heard that are not wholly known yet, which is then said."""
        found = self._controller.opened is None and bool(self._controller.lanes)
        if found:
            self._shell.say(tr("the sound is still being read"))
        return found

    def _ask_lane(self) -> None:
        if self._still_read():
            return
        lane = self._controller.lane(self._controller.hearing.heard)
        if lane is None or lane.signal is None:
            self._shell.say(tr("there is no sound to save"))
            return
        name = f"{self._controller.clip_name}_{lane.name}.wav"
        path = self._shell.ask_path(tr("Save Sound"), name, tr("WAV (*.wav);;FLAC (*.flac)"))
        if path is not None:
            self.save_lanes({path: lane})

    def _ask_lanes(self) -> None:
        if self._still_read():
            return
        if not self._controller.lanes:
            self._shell.say(tr("open a clip first"))
            return
        last = self._shell.last_folder()
        folder = QFileDialog.getExistingDirectory(
            self._shell.window, tr("Folder for the Sound of All Lanes"), last
        )
        if folder:
            self.save_lanes(self.places(Path(folder)))

    def places(self, folder: Path) -> dict[Path, Lane]:
        """Return a file in `folder` for each lane that has a sound."""
        name = self._controller.clip_name
        lanes = [lane for lane in self._controller.lanes if lane.signal is not None]
        return {folder / safe_name(f"{name}_{lane.key}_{lane.name}.wav"): lane for lane in lanes}

    def save_lanes(self, places: dict[Path, Lane]) -> None:
        """Write lanes as 16-bit files, in the background."""

        def work(job: Job) -> list[Path]:
            for index, (path, lane) in enumerate(places.items()):
                job.check(index / len(places), path.name)
                assert lane.signal is not None
                write_signal(path, lane.signal)
            return list(places)

        self._controller.tasks.run(
            tr("saving sound"),
            work,
            lambda paths: self._shell.say(tr("saved {n_paths} files", n_paths=len(paths))),
        )

    # -- tables ---------------------------------------------------------------------------------------

    def _ask_trace(self) -> None:
        trace = self._controller.trace
        if trace is None:
            self._shell.say(tr("there is no loss trace"))
            return
        from gaplisten.loss.formats import FORMATS

        kinds = ";;".join(f"{each.name} (*{(*each.suffixes, '.txt')[0]})" for each in FORMATS)
        found = self._shell.ask_file(
            tr("Save Loss Trace"), f"{self._controller.clip_name}_is_lost.txt", kinds
        )
        if found is not None:
            path, name = found[0], found[1].partition(" (")[0]
            self._shell.write(path, lambda: write_trace(path, trace, name))


PANE = Pane("export", Export, COMMANDS, place=20)
