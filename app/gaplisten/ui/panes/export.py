"""Out of the workbench: pictures, sound, trace."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.audio.files import write_signal
from gaplisten.bench.lanes import Lane
from gaplisten.durable.places import safe_name
from gaplisten.jobs import Job
from gaplisten.loss.formats import write_trace
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

PICTURE_SCALE = 3.0


COMMANDS = (
    *section("File/Export", "picture")(
        ("export.picture", "Picture…", "Ctrl+Shift+P", "Save the view as PNG or SVG"),
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
        path = self._shell.ask_path(
            tr("Save Picture"), f"{self._controller.clip_name}.png", tr("PNG (*.png);;SVG (*.svg)")
        )
        if path is not None:
            self._shell.write(path, lambda: self.save_picture(path))

    def save_picture(self, path: Path) -> None:
        """Write the view as it is, on white paper: SVG or PNG by the suffix."""
        view = self._shell.lanes
        if path.suffix.lower() == ".svg":
            view.render_svg(path)
        else:
            view.render_png(path, scale=PICTURE_SCALE)

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
