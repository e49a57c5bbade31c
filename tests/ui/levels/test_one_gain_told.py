"""The one gain of a clip says why it is what it is."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.gain import clip_gain
from gaplisten.audio.signal import Signal
from kit.sound_material import RATE, speech


def test_a_gain_that_would_clip_is_limited_and_says_so_in_the_bar(window) -> None:
    quiet = Signal(speech().samples * np.float32(0.2), RATE)
    loud = Signal(quiet.samples.copy(), RATE)
    loud.samples[5] = 0.8
    found = clip_gain(quiet, [loud])
    assert 0.8 * found.gain <= 1.0
    assert found.note.startswith("+1.9 dB for all lanes, limited to +1.9 dB")
    window.panes["listen"].transport.show_gain(-26.0, found.note)
    assert window.panes["listen"].transport.level.text() == "gain +1.9 dB, limited"
    window.panes["listen"].transport.show_gain(-26.0, clip_gain(quiet, []).note)
    assert "limited" not in window.panes["listen"].transport.level.text()


def test_a_clip_without_reference_says_that_it_is_played_as_it_is() -> None:
    found = clip_gain(None, [speech()])
    assert found.gain == 1.0
    assert "there is no reference" in found.note
