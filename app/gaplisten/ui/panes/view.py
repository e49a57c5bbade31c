"""How the clip is looked at: mode, display, zoom, theme."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QApplication

from gaplisten.bench.lane_sizes import LaneSizes
from gaplisten.bench.lanes import LOSSY_KEY
from gaplisten.bench.settings import THEMES
from gaplisten.bench.state import Seen
from gaplisten.ui.actions import section
from gaplisten.ui.lanes.drawer import drawer_kinds
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.theme import apply_theme
from gaplisten.ui.translation import tr

MODES = ("lanes", "overlay", "residual")
UNITS = ("seconds", "frames", "packets")
ZOOM = 1.6
AMPLITUDE = 2.0**0.5


COMMANDS = (
    *section("View", "mode", checkable=True, group="mode")(
        ("view.lanes", "Lanes", "Ctrl+1", "One lane under the other"),
        ("view.overlay", "Overlay", "Ctrl+2", "All lanes in one"),
        ("view.residual", "Residual", "Ctrl+3", "What differs from the reference"),
    ),
    *section("View", "draw", checkable=True, group="draw")(
        *((f"view.{kind.name}", kind.title, kind.keys, kind.help) for kind in drawer_kinds().values()),
    ),
    *section("View/This Lane", "draw")(
        *((f"view.this_{kind.name}", kind.title, "", kind.lane_help) for kind in drawer_kinds().values()),
        ("view.against", "Residuals Against This Lane", "", "Show what differs from the heard lane"),
    ),
    *section("View", "draw", checkable=True)(
        ("view.altered", "Colour Altered Samples", "Ctrl+D", "Make altered received samples stand out"),
    ),
    *section("View", "zoom")(
        ("view.zoom_in", "Zoom In", "Ctrl+=; Ctrl++", "See less, larger"),
        ("view.zoom_out", "Zoom Out", "Ctrl+-", "See more, smaller"),
        ("view.zoom_loop", "Zoom to Loop", "Ctrl+E", "Fit the loop into the view"),
        ("view.fit", "Fit All", "F; Ctrl+F", "See the whole clip"),
        ("view.taller", "Larger Amplitude", "Ctrl+Alt+Up", "Draw the amplitude larger"),
        ("view.flatter", "Smaller Amplitude", "Ctrl+Alt+Down", "Draw the amplitude smaller"),
        ("view.fit_amplitude", "Fit Amplitude", "Ctrl+Alt+F", "Let the loudest lane fill its height"),
    ),
    *section("View", "follow", checkable=True)(
        ("view.follow", "Follow the Playhead", "Ctrl+J", "Keep the playhead in view"),
        ("view.inspect", "Arrows Pan", "I", "Left and Right pan instead of switching lanes"),
    ),
    *section("View", "panes")(
        ("view.next_pane", "Next Pane", "F6", "Go on to the next part of the window"),
        ("view.previous_pane", "Previous Pane", "Shift+F6", "Go back to the previous part"),
        ("view.reset_layout", "Reset Layout", "", "Put all panes back where they were at first"),
    ),
    *section("View/Ruler", "ruler", checkable=True, group="ruler")(
        ("view.seconds", "Seconds", "", "Count seconds"),
        ("view.frames", "Frames", "", "Count frames"),
        ("view.packets", "Packets", "", "Count packets"),
    ),
    *section("View/Theme", "theme", checkable=True, group="theme")(
        ("view.system", "As the System", "", "Light or dark as the desktop is"),
        ("view.light", "Light", "", "Dark on light"),
        ("view.dark", "Dark", "", "Light on dark"),
    ),
)

_NEAR = 100  # a gap is pointed at within this share of what is seen
_LANE_MENU = (
    *("gap.play", "gap.loop", "gap.loop_edge", "gap.zoom", "gap.entry", "gap.exit", "edit.select_gap"),
    "edit.note",
    *("gap.hand_over", "", *(f"view.this_{name}" for name in drawer_kinds()), "view.against", ""),
    *(
        "view.collapse",
        "view.hide",
        "view.all_lanes",
        "edit.lane_up",
        "edit.lane_down",
        "listen.remove_delay",
        "export.lane",
        "",
        "view.fit",
        "view.zoom_loop",
    ),
)


class View(QObject):
    """The View menu."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        bind, view = shell.actions.bind, shell.lanes
        for mode in MODES:
            bind(f"view.{mode}", lambda _on, mode=mode: view.set_mode(mode))
        for display in drawer_kinds():
            bind(f"view.{display}", lambda _on, display=display: view.set_display(display))
            bind(f"view.this_{display}", lambda display=display: view.set_display(display, self._heard()))
        bind("view.against", self._against)
        bind("view.zoom_in", lambda: view.zoom(ZOOM, self._centre()))
        bind("view.zoom_out", lambda: view.zoom(1.0 / ZOOM, self._centre()))
        bind("view.zoom_loop", self._zoom_loop)
        bind("view.fit", view.fit)
        bind("view.follow", view.set_following)
        bind("view.inspect", self._inspect)
        for theme in THEMES:
            bind(f"view.{theme}", lambda _on, theme=theme: self.use_theme(theme))
        bind("view.altered", self._altered)
        bind("view.taller", lambda: view.set_amplitude(view.amplitude * AMPLITUDE))
        bind("view.flatter", lambda: view.set_amplitude(view.amplitude / AMPLITUDE))
        bind("view.fit_amplitude", view.fit_amplitude)
        for unit in UNITS:
            bind(f"view.{unit}", lambda _on, unit=unit: view.set_ruler(unit))
        bind("view.next_pane", lambda: self._go_on(1))
        bind("view.previous_pane", lambda: self._go_on(-1))
        bind("view.reset_layout", shell.layout_reset.emit)
        view.menu_wanted.connect(self._open_menu)
        self._awaited: Seen | None = None
        self._awaited_clip: str | None = None  # that it speaks of
        self._arrived = False
        shell.view_wanted.connect(self._await)
        shell.signals.clip_changed.connect(self._on_clip)
        shell.signals.lanes_changed.connect(self._on_lanes)
        view.set_following(True)
        shown = ("view.lanes", "view.waveform", "view.follow", "view.seconds")
        for name in (*shown, f"view.{self._controller.settings.theme}"):
            self._shell.actions.check(name)

    # -- as it was when it was saved ---------------------------------------------------------------------

    def _await(self, seen: Seen | None, here: bool) -> None:
        """Look as it was looked at, once the clip is there."""
        self._awaited, self._arrived = seen, here
        self._awaited_clip = self._controller.document.work.current
        self._on_lanes()

    def _on_clip(self) -> None:
        if self._controller.opened is not None:
            self._arrived = self._controller.clip_name == self._awaited_clip

    def _on_lanes(self) -> None:
        seen, arrived = self._awaited, self._arrived
        if seen is None or not arrived:
            return
        self._awaited, shell, view = None, self._shell, self._shell.lanes
        if seen.display in drawer_kinds():
            view.set_display(seen.display)
            shell.actions.check(f"view.{seen.display}")
        view.put_sizes(LaneSizes.of(seen))
        view.set_mode(seen.mode)
        shell.actions.check(f"view.{seen.mode}")
        self._controller.hearing.hear_version(seen.version)
        self._controller.hearing.seek(min(seen.position, self._controller.frames))
        view.zoom_to(seen.start, seen.stop)
        view.stay()

    # -- what is asked for -------------------------------------------------------------------------------

    def _open_menu(self, frame: int, key: int, at: QPoint) -> None:
        """Offer what can be done with the lane, which is heard then, and with the gap that was pointed at."""
        shell = self._shell
        if key >= 0:
            self._controller.hearing.hear(key)
        start, stop = shell.lanes.visible_range
        near = shell.hand.near(frame, max((stop - start) // _NEAR, 1)) if frame >= 0 else None
        if near is not None:
            shell.hand.take(near)
        shell.show_menu(_LANE_MENU, at, shell.lanes)

    def _heard(self) -> int:
        return self._controller.hearing.heard

    def _against(self) -> None:
        self._shell.lanes.set_mode("residual", self._heard())
        self._shell.actions.check("view.residual")

    def _altered(self, on: bool) -> None:
        lossy = self._controller.lane(LOSSY_KEY)
        if on and lossy is None:
            self._shell.say(tr("there is no received signal to compare with"))
            self._shell.actions.check("view.altered", False)
            return
        self._shell.lanes.set_altered(LOSSY_KEY if on else None)

    def _go_on(self, by: int) -> None:
        focused, stops = QApplication.focusWidget(), self._shell.stops()
        here = [at for at, stop in enumerate(stops) if focused and stop.isAncestorOf(focused)]
        if stops:
            self._shell.reach(stops[(here[0] + by if here else 0) % len(stops)])

    def _centre(self) -> int | None:
        """Zoom about the gap at hand where it is seen, else about the playhead, else about the middle."""
        start, stop = self._shell.lanes.visible_range
        places = (self._shell.hand.focus, self._controller.hearing.state.position)
        return next((each for each in places if each is not None and start <= each < stop), None)

    def _zoom_loop(self) -> None:
        loop = self._controller.document.work.clip(self._controller.clip_name).loop
        if loop is None:
            self._shell.say(tr("there is no loop: A and B set one"))
            return
        margin = (loop.stop - loop.start) // 20
        self._shell.lanes.zoom_to(loop.start - margin, loop.stop + margin)

    def _inspect(self, on: bool) -> None:
        self._shell.lanes.arrows_pan = on
        self._shell.say(tr("Left and Right pan") if on else tr("Left and Right switch lanes"))

    def use_theme(self, theme: str) -> None:
        """Go over to another theme and keep it."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)
        self._shell.use_settings(replace(self._controller.settings, theme=theme))


PANE = Pane("view", View, COMMANDS, place=12)
