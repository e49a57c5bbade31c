"""The workbench window, with a clip whose gaps and conditions have something to tell."""

from __future__ import annotations

import numpy as np
import pytest

from kit.challenge import write_versions
from kit.workbench import PACKET, loss, speech

LOSS = "10-12 40 60-69"


def write(folder, name, lost, versions, reference=True):
    """Write a clip in the challenge's layout."""
    flags = np.repeat(lost, PACKET)
    clean = speech()
    parts = {
        "lossy_signals": np.where(flags[: clean.frames, None], 0, clean.samples),
        **versions(clean, flags),
    }
    if reference:
        parts["clean"] = clean.samples
    write_versions(folder, name, parts, lost)


def versions(clean, flags):
    """Return one good version, and one with a click after the middle gap and a level error in the last."""
    bad = clean.samples.copy()
    bad[41 * PACKET] += 0.5
    inside = np.linspace(0, 1, 10 * PACKET, dtype=np.float32)[:, None]
    bad[60 * PACKET : 70 * PACKET] *= 1 - 0.98 * np.clip(20 * np.minimum(inside, 1 - inside), 0, 1)
    return {"good": clean.samples * np.float32(0.999), "bad": bad}


@pytest.fixture(scope="session")
def gap_folder(tmp_path_factory):
    """Return a folder with one clip of three gaps."""
    folder = tmp_path_factory.mktemp("gaps")
    write(folder, "first", loss(LOSS), versions)
    return folder


@pytest.fixture(scope="session")
def bare_folder(tmp_path_factory):
    """Return a folder whose clip has no reference."""
    folder = tmp_path_factory.mktemp("bare")
    write(folder, "first", loss(LOSS), versions, reference=False)
    return folder


@pytest.fixture
def write_clip():
    """Return a function that writes a clip with losses such as ``10-12 40``."""
    return lambda folder, name, text: write(folder, name, loss(text), versions)


@pytest.fixture
def measured(qtbot):
    """Return a function that waits until nothing is being rendered or measured."""

    def wait(window):
        qtbot.waitUntil(
            lambda: (
                not window.controller.busy
                and not window.panes["gaps"].measuring.pending
                and window.panes["gaps"].measuring.table is not None
            ),
        )

    return wait


@pytest.fixture
def opened(qtbot, window, gap_folder, measured):
    """Return the window with the clip open and its gaps measured."""
    window.open_paths([gap_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    measured(window)
    window.lanes_view.setFocus()
    return window
