"""How the clip is looked at: mode, display, zoom, theme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QApplication

from gaplisten.playback.player import PlayerState
from gaplisten.ui.theme import apply_theme
from gaplisten.ui.workbench.part import Part
from gaplisten.workbench.settings import THEMES, write_settings

MODES = ("lanes", "overlay", "residual")
DISPLAYS = ("waveform", "spectrogram", "both")
ZOOM = 1.6


class ViewActions(Part):
    """The View menu."""

    def bind(self) -> None:
        """Bind the commands."""
        bind = self.commands.bind
        view: Any = self.window.lanes_view
        for mode in MODES:
            bind(f"view.{mode}", lambda _on, mode=mode: view.set_mode(mode))
        for display in DISPLAYS:
            bind(f"view.{display}", lambda _on, display=display: view.set_display(display))
        bind("view.zoom_in", lambda: view.zoom(ZOOM, self._centre()))
        bind("view.zoom_out", lambda: view.zoom(1.0 / ZOOM, self._centre()))
        bind("view.zoom_loop", self._zoom_loop)
        bind("view.fit", view.fit)
        bind("view.follow", self._follow)
        bind("view.inspect", self._inspect)
        for theme in THEMES:
            bind(f"view.{theme}", lambda _on, theme=theme: self.use_theme(theme))
        self._bind_newer(view)
        self.following = True
        self.inspecting = False
        for name in ("view.lanes", "view.waveform", "view.follow", f"view.{self.controller.settings.theme}"):
            self.commands.check(name)

    def _bind_newer(self, view: Any) -> None:
        # Bound only where the lanes view can do it.
        if hasattr(view, "set_altered"):
            self.commands.bind("view.altered", view.set_altered)
        if hasattr(view, "set_amplitude"):
            self._amplitude = 1.0
            self.commands.bind("view.taller", lambda: self._scale(2.0**0.5))
            self.commands.bind("view.flatter", lambda: self._scale(0.5**0.5))

    def _scale(self, factor: float) -> None:
        self._amplitude = min(max(self._amplitude * factor, 0.25), 64.0)
        view: Any = self.window.lanes_view
        view.set_amplitude(self._amplitude)

    def link(self) -> None:
        """Follow the playhead."""
        self.controller.hearing.moved.connect(self._on_moved)

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

    def _follow(self, on: bool) -> None:
        self.following = on

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

    def _on_moved(self, state: PlayerState) -> None:
        if not (self.following and state.playing):
            return
        start, stop = self.window.lanes_view.visible_range
        if stop - start < self.controller.frames and not start <= state.position < stop:
            ahead = (stop - start) // 20
            first = min(max(state.position - ahead, 0), max(self.controller.frames - (stop - start), 0))
            self.window.lanes_view.zoom_to(first, first + stop - start)

    def use_theme(self, theme: str) -> None:
        """Go over to another theme and keep it."""
        self.controller.use_settings(replace(self.controller.settings, theme=theme))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)
        write_settings(self.controller.settings)
        self.window.display.show_lanes()
