"""Out of the workbench: pictures, sound, trace, gap table, notes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from gaplisten.audio.files import write_signal
from gaplisten.bench.lanes import Lane
from gaplisten.bench.notes import write_labels, write_notes_csv
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.formats import write_trace
from gaplisten.tables import write_csv
from gaplisten.ui.actions import section
from gaplisten.ui.workbench.part import Part

PICTURE_SCALE = 3.0
_LABELS = {".txt": "audacity", ".svl": "sonic-visualiser"}


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
        ("export.gaps", "Gap Table…", "", "Save the gap table as CSV"),
        ("export.notes", "Notes…", "", "Save notes as CSV or as labels for other tools"),
    ),
)


class ExportActions(Part):
    """The Export menu."""

    commands_of = COMMANDS

    def bind(self) -> None:
        """Bind the commands."""
        bind = self.commands.bind
        bind("export.picture", self._ask_picture)
        bind("export.lane", self._ask_lane)
        bind("export.lanes", self._ask_lanes)
        bind("export.trace", self._ask_trace)
        bind("export.gaps", self._ask_gaps)
        bind("export.notes", self._ask_notes)

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        if self.controller.clip_name is None:
            self.controller.said.emit("open a clip first")
            return None
        suggested = str(Path(self.window.shell.last_folder()) / safe_name(name))
        file, chosen = QFileDialog.getSaveFileName(self.window, title, suggested, kinds)
        if not file:
            return None
        path = Path(file)
        suffix = re.search(r"\*(\.\w+)", chosen or kinds)
        return path if path.suffix or suffix is None else path.with_suffix(suffix.group(1))

    def _write(self, path: Path, work: Callable[[], None]) -> None:
        try:
            work()
        except GaplistenError as error:
            self.window.report(error)
        except OSError as error:
            fact = f"cannot be written: {error.strerror}"
            self.window.report(GaplistenError(str(path), fact, "choose another place"))
        else:
            self.controller.said.emit(f"saved {path}")

    # -- pictures -------------------------------------------------------------------------------------

    def _ask_picture(self) -> None:
        path = self._ask("Save Picture", f"{self.controller.clip_name}.png", "PNG (*.png);;SVG (*.svg)")
        if path is not None:
            self._write(path, lambda: self.save_picture(path))

    def save_picture(self, path: Path) -> None:
        """Write the view as it is, on white paper: SVG or PNG by the suffix."""
        view = self.window.lanes_view
        if path.suffix.lower() == ".svg":
            view.render_svg(path)
        else:
            view.render_png(path, scale=PICTURE_SCALE)

    # -- sound ----------------------------------------------------------------------------------------

    def _ask_lane(self) -> None:
        lane = self.controller.lane(self.controller.hearing.heard)
        if lane is None or lane.signal is None:
            self.controller.said.emit("there is no sound to save")
            return
        name = f"{self.controller.clip_name}_{lane.name}.wav"
        path = self._ask("Save Sound", name, "WAV (*.wav);;FLAC (*.flac)")
        if path is not None:
            self.save_lanes({path: lane})

    def _ask_lanes(self) -> None:
        if not self.controller.lanes:
            self.controller.said.emit("open a clip first")
            return
        last = self.window.shell.last_folder()
        folder = QFileDialog.getExistingDirectory(self.window, "Folder for the Sound of All Lanes", last)
        if folder:
            self.save_lanes(self.places(Path(folder)))

    def places(self, folder: Path) -> dict[Path, Lane]:
        """Return a file in `folder` for each lane that has a sound."""
        name = self.controller.clip_name
        lanes = [lane for lane in self.controller.lanes if lane.signal is not None]
        return {folder / safe_name(f"{name}_{lane.key}_{lane.name}.wav"): lane for lane in lanes}

    def save_lanes(self, places: dict[Path, Lane]) -> None:
        """Write lanes as 16-bit files, in the background."""

        def work(job: Job) -> list[Path]:
            for index, (path, lane) in enumerate(places.items()):
                job.check(index / len(places), path.name)
                assert lane.signal is not None
                write_signal(path, lane.signal)
            return list(places)

        self.controller.tasks.run(
            "saving sound", work, lambda paths: self.controller.said.emit(f"saved {len(paths)} files")
        )

    # -- tables ---------------------------------------------------------------------------------------

    def _ask_trace(self) -> None:
        trace = self.controller.trace
        if trace is None:
            self.controller.said.emit("there is no loss trace")
            return
        from gaplisten.loss.formats import FORMATS

        kinds = ";;".join(f"{each.name} (*{(*each.suffixes, '.txt')[0]})" for each in FORMATS)
        path = self._ask_format("Save Loss Trace", f"{self.controller.clip_name}_is_lost.txt", kinds)
        if path is not None:
            self._write(path[0], lambda: write_trace(path[0], trace, path[1]))

    def _ask_format(self, title: str, name: str, kinds: str) -> tuple[Path, str] | None:
        suggested = str(Path(self.window.shell.last_folder()) / safe_name(name))
        file, chosen = QFileDialog.getSaveFileName(self.window, title, suggested, kinds)
        return (Path(file), (chosen or kinds).partition(" (")[0]) if file else None

    def _ask_gaps(self) -> None:
        path = self._ask("Save Gap Table", f"{self.controller.clip_name}_gaps.csv", "CSV (*.csv)")
        if path is not None:
            # Whatever is still being measured comes first: the file holds all measures of all lanes.
            self.window.gaps.when_complete(lambda table: self._write(path, lambda: write_csv(path, table)))

    def _ask_notes(self) -> None:
        kinds = "All notes, CSV (*.csv);;Audacity labels (*.txt);;Sonic Visualiser layer (*.svl)"
        path = self._ask("Save Notes", f"{self.controller.clip_name}_notes.csv", kinds)
        if path is not None:
            self._write(path, lambda: self.save_notes(path))

    def save_notes(self, path: Path) -> None:
        """Write notes in the format of the suffix: CSV of all clips, or labels of the one shown."""
        controller = self.controller
        shown = controller.document.work.clip(controller.clip_name).notes
        kind = _LABELS.get(path.suffix.lower())
        if kind is not None:
            write_labels(path, shown, controller.rate, kind)
            return
        trace = controller.trace
        packet_ms = 20.0 if trace is None else trace.packet_ms if trace.grid else None
        write_notes_csv(path, controller.notes_by_clip(), self._rates(), packet_ms)

    def _rates(self) -> dict[str, int]:
        from gaplisten.audio.files import probe

        rates: dict[str, int] = {}
        clips = self.controller.clipset.clips if self.controller.clipset else ()
        noted = self.controller.notes_by_clip()
        for clip in clips:
            if clip.name in noted and clip.sound is not None:
                rates[clip.name] = probe(clip.sound).rate
        return rates


def safe_name(name: str) -> str:
    """Return a file name without characters that some system forbids."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).strip(" .") or "clip"
