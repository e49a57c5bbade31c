"""How the clip is looked at: mode, display, zoom, theme."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gaplisten.bench.lanes import LOSSY_KEY
from gaplisten.bench.settings import THEMES, write_settings
from gaplisten.ui.lanes.drawers import drawer_kinds
from gaplisten.ui.theme import apply_theme
from gaplisten.ui.workbench.part import Part

MODES = ("lanes", "overlay", "residual")
UNITS = ("seconds", "frames", "packets")
ZOOM = 1.6
AMPLITUDE = 2.0**0.5


class ViewActions(Part):
    """The View menu."""

    def bind(self) -> None:
        """Bind the commands."""
        bind = self.commands.bind
        view = self.window.lanes_view
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
        view.set_following(True)
        self.inspecting = False
        shown = ("view.lanes", "view.waveform", "view.follow", "view.seconds")
        for name in (*shown, f"view.{self.controller.settings.theme}"):
            self.commands.check(name)

    def _heard(self) -> int:
        return self.controller.hearing.heard

    def _against(self) -> None:
        self.window.lanes_view.set_mode("residual", self._heard())
        self.commands.check("view.residual")

    def _altered(self, on: bool) -> None:
        lossy = self.controller.lane(LOSSY_KEY)
        if on and lossy is None:
            self.controller.said.emit("there is no received signal to compare with")
            self.commands.check("view.altered", False)
            return
        self.window.lanes_view.set_altered(LOSSY_KEY if on else None)

    def _go_on(self, by: int) -> None:
        window, focused = self.window, QApplication.focusWidget()
        parts = (window.clips, window.lanes_view, window.concealers, window.gaps, window.notes)
        first = (window.clips.table, window.lanes_view, window.concealers.filter, window.gaps.table,
                 window.notes.table)  # fmt: skip
        shown = [place for place, part in enumerate(parts) if part.isVisible()]
        here = [at for at, place in enumerate(shown) if focused and parts[place].isAncestorOf(focused)]
        if shown:
            at = (here[0] + by if here else 0) % len(shown)
            for dock in window.docks.values():
                if dock.isAncestorOf(parts[shown[at]]):
                    dock.raise_()  # it may lie behind another
            first[shown[at]].setFocus(Qt.FocusReason.TabFocusReason)

    def _centre(self) -> int | None:
        """Zoom about the playhead where it is seen, else about the middle."""
        start, stop = self.window.lanes_view.visible_range
        position = self.controller.hearing.state.position
        return position if start <= position < stop else None

    def _zoom_loop(self) -> None:
        loop = self.controller.document.work.clip(self.controller.clip_name).loop
        if loop is None:
            self.controller.said.emit("there is no loop: A and B set one")
            return
        margin = (loop.stop - loop.start) // 20
        self.window.lanes_view.zoom_to(loop.start - margin, loop.stop + margin)

    def _inspect(self, on: bool) -> None:
        self.inspecting = on
        words = "Left and Right pan" if on else "Left and Right switch lanes"
        self.controller.said.emit(words)

    def pan(self, direction: int) -> None:
        """Move the view by a fifth of its width."""
        start, stop = self.window.lanes_view.visible_range
        step = direction * max((stop - start) // 5, 1)
        frames = self.controller.frames
        step = max(min(step, frames - stop), -start)
        self.window.lanes_view.zoom_to(start + step, stop + step)

    def use_theme(self, theme: str) -> None:
        """Go over to another theme and keep it."""
        self.controller.use_settings(replace(self.controller.settings, theme=theme))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)
        write_settings(self.controller.settings)
