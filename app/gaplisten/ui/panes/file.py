"""Opening and saving: folders, loose files and their roles, workbench files, recent places, rescue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from gaplisten.audio.channels import AS_TOLD, Channels, Reading
from gaplisten.audio.headerless import RawFormat
from gaplisten.bench.autosave import Autosave, Claim, rescued
from gaplisten.bench.document import Document
from gaplisten.bench.kept_layouts import as_before, keep_reading
from gaplisten.bench.opening import split_paths
from gaplisten.bench.settings import is_there
from gaplisten.bench.state import RoleChoice, Sources, Work
from gaplisten.captures.formats import is_capture
from gaplisten.clips.channel_counts import by_channels, files_of, undecided
from gaplisten.clips.manifests import is_manifest
from gaplisten.clips.scanning import NeedsRawError, first_bare
from gaplisten.errors import GaplistenError
from gaplisten.ui.actions import section
from gaplisten.ui.fields import NumberDialog, NumberField
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_n

AUTOSAVE_MS = 1000  # from the first change on: whoever never rests loses no more either
SOUNDS = tr(
    "Sound and traces (*.wav *.flac *.ogg *.aiff *.aif *.mp3 *.pcm *.raw *.sw *.s16 *.8k *.16k *.48k *.txt"
    " *.csv *.npy *.dat *.g192);;All files (*)"
)


COMMANDS = (
    *section("File", "open")(
        ("file.open_folder", "Open Folder…", "Ctrl+O", "Open a folder of clips"),
        ("file.open_files", "Open Files…", "Ctrl+Shift+O", "Open loose sound files and traces"),
        ("file.open_work", "Open Workbench…", "Ctrl+Alt+O", "Open a saved workbench file"),
        ("file.demo", "Open Demo", "", "Open the bundled demo speech"),
    ),
    *section("File", "set")(
        ("file.reference", "Reference Folder…", "", "Say where the clean references lie"),
        ("file.packet", "Packet Length…", "", "Say how long the packets of these clips are"),
        ("file.channels", "Channels of Files…", "", "Choose which channels are used of files with several"),
        ("file.raw", "Samples Without a Header…", "", "Say what .pcm, .raw and such files hold"),
    ),
    *section("File", "save")(
        ("file.save", "Save Workbench", "Ctrl+S", "Save clips, concealers, loss edits and notes"),
        ("file.save_as", "Save Workbench As…", "Ctrl+Shift+S", "Save under another name"),
    ),
    *section("File", "quit")(
        ("file.quit", "Quit", "Ctrl+Q", "Close the workbench"),
    ),
)


class Files(QObject):
    """The File menu, apart from exports."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller, self._window = shell, shell.controller, shell.window
        self._autosave = Autosave()
        self._taken: Claim | None = None
        self._asking_channels = False
        self._declined: frozenset[int] = frozenset()  # numbers of channels about which is not asked again
        self._autosave_timer = QTimer(self, interval=AUTOSAVE_MS, singleShot=True)
        self._autosave_timer.timeout.connect(self.keep_now)
        bind = shell.actions.bind
        bind("file.open_folder", self.ask_folder)
        bind("file.open_files", self.ask_files)
        bind("file.open_work", self.ask_work)
        bind("file.demo", self.open_demo)
        bind("file.reference", self.ask_reference)
        bind("file.packet", self.ask_packet)
        bind("file.raw", self.ask_raw)
        bind("file.channels", self.ask_channels)
        bind("file.save", self.save)
        bind("file.save_as", self.save_as)
        bind("file.quit", shell.window.close)
        self.recent_menu = QMenu(tr("Recent"), shell.window)
        self.recent_menu.aboutToShow.connect(self.fill_recent)
        shell.actions.put_submenu(self.recent_menu, "file.demo")
        shell.sources_wanted.connect(self.open_sources)
        shell.signals.document_changed.connect(self._on_document)
        shell.signals.clip_failed.connect(self._on_failed)
        shell.signals.closed.connect(self._autosave_timer.stop)
        empty = shell.empty
        empty.folder_wanted.connect(self.ask_folder)
        empty.files_wanted.connect(self.ask_files)
        empty.demo_wanted.connect(self.open_demo)
        empty.recent_wanted.connect(lambda path: self.open_paths([Path(path)]))
        empty.show_recent(shell.recent())

    # -- opening --------------------------------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path], how: Sources | None = None) -> None:
        """Open a workbench file, folders or a manifest, or loose files whose roles are looked at first.

        Parameters
        ----------
        how
            How folders are to be read; its paths are not looked at.
        """
        work, folders, files = split_paths([path.absolute() for path in paths])
        missing = [path for path in (*work, *folders, *files) if not path.exists()]
        for path in missing:
            self._shell.report(GaplistenError(str(path), tr("is not there"), tr("check the path")))
        if missing:
            return
        if work:
            self._tell_left_out([*work[1:], *folders, *files], work[0])
            self.open_work_file(work[0])
        elif folders:
            self.open_sources(replace(how or Sources(), paths=(*folders, *files)))
        elif len(files) == 1 and is_manifest(files[0]):
            self.open_sources(replace(how or Sources(), paths=tuple(files)))
        elif len(files) == 1 and is_capture(files[0]):
            self._shell.capture_wanted.emit(files[0])
        elif files:
            self._ask_roles(files, AS_TOLD if how is None else how.reading)

    def _tell_left_out(self, paths: Sequence[Path], work: Path) -> None:
        if paths:
            names = ", ".join(path.name for path in paths[:4])
            fact = tr("not opened: a workbench file says itself what it opens")
            self._shell.report(
                GaplistenError(names, fact, tr("open it without {work_name}", work_name=work.name))
            )

    def open_sources(self, sources: Sources) -> None:
        """Open these clips as new work."""
        if not self.may_close():
            return
        self._declined = frozenset()
        choices = self._controller.document.work.choices
        self._shell.view_wanted.emit(None, False)
        self._controller.open_work(Work(choices=choices), None)
        self._controller.open_sources(as_before(sources))
        self._controller.document.mark_saved()
        for path in sources.paths:
            self._shell.remember(path)

    def _ask_roles(self, files: Sequence[Path], reading: Reading) -> None:
        from gaplisten.ui.workbench.roles_dialog import RolesDialog

        if reading.raw is None and (example := first_bare(files)) is not None:
            self._ask_what_is_bare(
                example, None, lambda raw: self._ask_roles(files, replace(reading, raw=raw))
            )
            return
        counted = by_channels(files, reading)
        if undecided(counted, reading):
            self._ask_which_channels(
                counted, reading, lambda said: self._ask_roles(files, Reading(channels=said).over(reading))
            )
            return
        dialog = RolesDialog(files, self._controller.tasks, self._window, reading)
        dialog.settled.connect(partial(self._on_roles, reading))
        dialog.open()

    def _on_roles(self, reading: Reading, roles: Sequence[RoleChoice], packet_ms: float) -> None:
        paths = tuple(choice.path for choice in roles)
        self.open_sources(Sources(paths=paths, roles=tuple(roles), packet_ms=packet_ms, reading=reading))

    # -- samples without a header ------------------------------------------------------------------------

    def _on_failed(self, error: object) -> None:
        if isinstance(error, NeedsRawError):
            self._ask_what_is_bare(error.example, None, self._on_raw)
        opened = self._controller.opened
        wide = frozenset(count for _, count in opened.wide) if opened is not None else frozenset()
        if opened is not None and wide - self._declined and not self._asking_channels:
            self._declined |= wide
            self.ask_channels()

    def _ask_what_is_bare(
        self, example: Path, before: RawFormat | None, then: Callable[[RawFormat], None]
    ) -> None:
        from gaplisten.ui.workbench.raw_dialog import RawDialog

        dialog = RawDialog(example, before, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.settled.connect(then)
        dialog.open()

    def _on_raw(self, raw: RawFormat) -> None:
        self._read_so(replace(self._reading(), raw=raw))

    def _reading(self) -> Reading:
        """Return how the files that are open are read."""
        sources = self._controller.document.work.sources
        return sources.reading if sources.layout is None else sources.reading.over(sources.layout.reading)

    def _read_so(self, reading: Reading) -> None:
        """Open the same files anew, read in this way, now and when the folder is opened again."""
        sources = self._controller.document.work.sources
        layout = None if sources.layout is None else replace(sources.layout, reading=reading)
        changed = replace(sources, reading=reading, layout=layout)
        try:
            keep_reading(changed)
        except GaplistenError as error:
            self._shell.report(error)
        self._controller.open_sources(changed)

    def ask_raw(self) -> None:
        """Let the user say what files without a header hold."""
        sources = self._controller.document.work.sources
        example = first_bare(sources.paths)
        if example is None:
            self._shell.say(tr("there are no samples without a header: open some first"))
            return
        self._ask_what_is_bare(example, self._reading().raw, self._on_raw)

    # -- channels ---------------------------------------------------------------------------------------

    def ask_channels(self) -> None:
        """Let the user say which channels are used of the clip's files."""
        opened, reading = self._controller.opened, self._reading()
        files = {} if opened is None else by_channels(files_of(opened.clip), reading)
        if not files:
            self._shell.say(tr("no file of this clip has more than one channel"))
            return
        self._ask_which_channels(
            files, reading, lambda said: self._read_so(Reading(channels=said).over(self._reading()))
        )

    def _ask_which_channels(
        self, files: Mapping[int, Sequence[Path]], reading: Reading, then: Callable[[Channels], None]
    ) -> None:
        from gaplisten.ui.workbench.channels_dialog import ChannelsDialog

        dialog = ChannelsDialog(files, reading.channels, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.settled.connect(then)
        self._asking_channels = True
        dialog.finished.connect(self._asked_channels)
        dialog.open()

    def _asked_channels(self) -> None:
        self._asking_channels = False

    def ask_folder(self) -> None:
        """Let the user pick a folder of clips."""
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Open Folder of Clips"), self._shell.last_folder()
        )
        if folder:
            self.open_paths([Path(folder)])

    def ask_files(self) -> None:
        """Let the user pick loose files."""
        files, _ = QFileDialog.getOpenFileNames(
            self._window, tr("Open Files"), self._shell.last_folder(), SOUNDS
        )
        if files:
            self.open_paths([Path(file) for file in files])

    def ask_work(self) -> None:
        """Let the user pick a workbench file."""
        kinds = tr("Workbench (*.gaplisten.toml *.toml)")
        file, _ = QFileDialog.getOpenFileName(
            self._window, tr("Open Workbench"), self._shell.last_folder(), kinds
        )
        if file:
            self.open_work_file(Path(file))

    def open_demo(self) -> None:
        """Open the bundled demo speech."""
        self.open_sources(self.demo_sources())

    @staticmethod
    def demo_sources() -> Sources:
        """Return where the bundled demo speech lies."""
        from gaplisten import folders

        return Sources(paths=(folders.resources() / "demo",))

    def ask_reference(self) -> None:
        """Let the user say where the clean references lie."""
        sources = self._controller.document.work.sources
        if not sources.paths:
            self._shell.say(tr("open a folder of clips first"))
            return
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Reference Folder"), self._shell.last_folder()
        )
        if folder:
            self._controller.open_sources(replace(sources, reference_folder=Path(folder)))

    def ask_packet(self) -> None:
        """Let the user say how long a packet of these clips is: traces of flags do not tell."""
        sources = self._controller.document.work.sources
        if not sources.paths:
            self._shell.say(tr("open clips first"))
            return
        field = NumberField(minimum=0.5, maximum=1000.0, decimals=3, suffix=" ms", value=sources.packet_ms)
        dialog = NumberDialog(tr("Packet Length"), tr("Length of a packet"), field, self._window)
        dialog.accepted.connect(lambda: self._set_packet(field.value()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _set_packet(self, milliseconds: float) -> None:
        sources = self._controller.document.work.sources
        layout = sources.layout if sources.layout is None else replace(sources.layout, packet=None)
        self._controller.open_sources(
            replace(sources, packet_ms=milliseconds, packet_frames=None, layout=layout)
        )

    def open_work_file(self, path: Path, may_open: bool = False) -> None:
        """Open a workbench file; paths that lead out of its folder are asked about."""
        from gaplisten.bench.store import OutsidePaths, read_work

        if not self.may_close():
            return
        try:
            work = read_work(path, may_open=may_open)
        except OutsidePaths as error:
            if self._trusts(path, error.paths):
                self._controller.consent.keep(error.remember)
                self.open_work_file(path, may_open=True)
            return
        except GaplistenError as error:
            self._shell.report(error)
            return
        self._take(work, path, unsaved=False)
        self._shell.remember(path)

    def _trusts(self, path: Path, outside: Sequence[Path]) -> bool:
        named = "\n".join(map(str, outside[:8]))
        answer = QMessageBox.question(
            self._window,
            tr("Files elsewhere"),
            tr(
                "{path_name} opens files outside its own folder:\n\n{named}\n\nOpen them?",
                path_name=path.name,
                named=named,
            ),
        )
        return answer == QMessageBox.StandardButton.Yes

    def _take(self, work: Work, path: Path | None, *, unsaved: bool) -> None:
        before, opened = self._controller.document.work, self._controller.opened
        here = opened is not None and (before.sources, before.current) == (work.sources, work.current)
        self._controller.open_work(work, path, unsaved=unsaved)
        self._shell.view_wanted.emit(work.seen, here)

    # -- saving ---------------------------------------------------------------------------------------

    def save(self) -> bool:
        """Save the work, under its name if it has one; return whether it is saved."""
        path = self._controller.document.path
        return self.save_to(path) if path else self.save_as()

    def save_as(self) -> bool:
        """Save the work under a name the user gives."""
        from gaplisten.bench.store import SUFFIX

        title = self._controller.clipset.title if self._controller.clipset else "workbench"
        suggested = str(Path(self._shell.last_folder()) / f"{title}{SUFFIX}")
        kinds = tr("Workbench (*{suffix})", suffix=SUFFIX)
        file, _ = QFileDialog.getSaveFileName(self._window, tr("Save Workbench"), suggested, kinds)
        if not file:
            return False
        return self.save_to(Path(file if file.endswith(".toml") else file + SUFFIX))

    def save_to(self, path: Path) -> bool:
        """Save the work in `path`; return whether that went well."""
        from gaplisten.bench.store import remember_saved, write_work

        work = replace(self._controller.to_save(), seen=self._shell.seen())
        try:
            digest = write_work(path, work)
        except GaplistenError as error:
            self._shell.report(error)
            return False
        self._controller.consent.keep(lambda: remember_saved(path, work, digest))
        self._controller.saved(path, digest)
        self._autosave.forget()
        self._shell.remember(path)
        self._controller.document_changed.emit()
        self._shell.say(tr("saved {path_name}", path_name=path.name))
        return True

    def may_close(self) -> bool:
        """Ask what becomes of unsaved work; return whether it may go."""
        document = self._controller.document
        if not document.unsaved or not _worth_asking(document):
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._window,
            tr("Unsaved work"),
            tr("Notes, loss edits, loops or concealers' parameters are not saved. Save them?"),
            buttons.Save | buttons.Discard | buttons.Cancel,
        )
        if answer == buttons.Save:
            return self.save()
        return answer == buttons.Discard

    # -- unsaved work ---------------------------------------------------------------------------------

    def _on_document(self) -> None:
        if self._controller.document.unsaved and not self._autosave_timer.isActive():
            self._autosave_timer.start()

    def keep_now(self) -> bool:
        """Write unsaved work where it survives a crash; return whether it is there."""
        document = self._controller.document
        if not document.unsaved:
            self._autosave.forget()
            self._done_with_taken()
            return True
        try:
            self._autosave.keep(document.work, document.path)
        except OSError as error:
            fact = tr("unsaved work cannot be kept for a crash: {strerror}", strerror=error.strerror)
            self._shell.report(GaplistenError(str(self._autosave.path), fact, tr("save it yourself")))
            return False
        self._done_with_taken()
        return True

    def _done_with_taken(self) -> None:
        """Let go of what a crashed run left behind, now that it is kept anew, saved, or given up."""
        if self._taken is not None:
            self._taken.drop()
            self._taken = None

    def forget_rescue(self) -> None:
        """Drop the rescue file: the work is saved or given up."""
        self._autosave_timer.stop()
        self._autosave.forget()
        self._done_with_taken()

    def offer_rescue(self) -> None:
        """Offer what a crashed run left behind."""
        found = (each.claim() for each in rescued() if each.work.clips or each.work.choices)
        mine = next(filter(None, found), None)
        if mine is not None:
            self._offer(mine)

    def _offer(self, mine: Claim) -> None:
        kept = mine.rescued
        box = QMessageBox(self._window)
        box.setWindowTitle(tr("Unsaved work"))
        box.setText(
            tr(
                "Gaplisten ended on {when} with unsaved work ({value}).",
                when=kept.when,
                value=_counted(kept.counts) or tr("nothing noted"),
            )
        )
        again = box.addButton(tr("Continue with It"), QMessageBox.ButtonRole.AcceptRole)
        drop = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(tr("Later"), QMessageBox.ButtonRole.RejectRole)

        def answered() -> None:
            if box.clickedButton() is again:
                self._take(kept.work, kept.file, unsaved=True)
                self._taken = mine
                self.keep_now()
            elif box.clickedButton() is drop:
                mine.drop()
            else:
                mine.release()

        box.finished.connect(answered)
        box.open()
        self.rescue_box = box

    # -- recent places --------------------------------------------------------------------------------

    def fill_recent(self) -> None:
        """List the recent places; missing ones are grey."""
        self.recent_menu.clear()
        for path in self._shell.recent():
            action = QAction(path.replace("&", "&&"), self.recent_menu)
            action.setEnabled(is_there(path))
            action.triggered.connect(lambda _checked=False, each=path: self.open_paths([Path(each)]))
            self.recent_menu.addAction(action)
        if not self.recent_menu.actions():
            self.recent_menu.addAction(tr("Nothing yet")).setEnabled(False)


PANE = Pane("file", Files, COMMANDS, place=10)


def _counted(counts: Mapping[str, int]) -> str:
    """Return what unsaved work holds, in words; only what there is."""
    words = {
        "notes": tr_n("{n} note", "{n} notes", counts["notes"]),
        "losses": tr_n("{n} loss edit", "{n} loss edits", counts["losses"]),
        "loops": tr_n("{n} loop", "{n} loops", counts["loops"]),
        "corrected": tr_n("{n} corrected clip", "{n} corrected clips", counts["corrected"]),
        "concealers": tr_n("{n} concealer", "{n} concealers", counts["concealers"]),
    }
    return ", ".join(words[kind] for kind, count in counts.items() if count)


def _worth_asking(document: Document) -> bool:
    """Tell whether more would be lost than which concealers are ticked."""
    work = document.work
    return bool(work.clips or document.path or any(choice.parameters for choice in work.choices))
