"""A panel of clips in which something does not fit is built from the window only when that is accepted."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from kit.panels import NO_STEPS, make_clips, toml


@pytest.mark.parametrize(("answer", "built"), [("Do Not Build", False), ("Build It All the Same", True)])
def test_what_does_not_fit_is_asked_about_before_a_panel_is_built(
    qtbot, window, tmp_path, monkeypatch, answer, built
):
    make_clips(tmp_path / "clips", 2, frames=16_000)
    trace = tmp_path / "clips" / "lossy_signals" / "c1_is_lost.txt"
    trace.write_text(trace.read_text().translate(str.maketrans("01", "10")))
    (tmp_path / "p.toml").write_text(toml("acr", NO_STEPS))
    asked, out = [], tmp_path / "panel"

    def answered(box):
        asked.append(box.informativeText())
        return 0

    def clicked(box):
        return next(button for button in box.buttons() if button.text().replace("&", "") == answer)

    monkeypatch.setattr(QMessageBox, "exec", answered)
    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "p.toml"), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    window.actions_table["panel.build"].trigger()
    qtbot.waitUntil(lambda: bool(asked) and not window.controller.tasks.busy)
    (said,) = asked
    assert said.startswith("c1: ")
    assert "c0" not in said
    assert out.exists() is built
