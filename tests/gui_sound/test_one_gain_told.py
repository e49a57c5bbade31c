"""The one gain of a clip says why it is what it is."""

from __future__ import annotations

import numpy as np
from sound_material import RATE, speech

from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import Clip, OpenClip
from gaplisten.ui.workbench.one_gain import gain_of


def clip(reference: Signal | None, **conditions: Signal) -> OpenClip:
    return OpenClip(Clip("x"), RATE, reference, None, None, conditions)


def test_a_gain_that_would_clip_is_limited_and_says_so_in_the_bar(window) -> None:
    quiet = Signal(speech().samples * np.float32(0.2), RATE)
    loud = Signal(quiet.samples.copy(), RATE)
    loud.samples[5] = 0.8
    gain, note = gain_of(clip(quiet, a=loud), -26.0)
    assert 0.8 * gain <= 1.0
    assert note.startswith("+1.9 dB for all lanes, limited to +1.9 dB")
    window.transport.show_gain(-26.0, note)
    assert window.transport.level.text() == "gain +1.9 dB, limited"
    window.transport.show_gain(-26.0, gain_of(clip(quiet), -26.0)[1])
    assert "limited" not in window.transport.level.text()


def test_a_clip_without_reference_says_that_it_is_played_as_it_is() -> None:
    gain, note = gain_of(clip(None, a=speech()), -26.0)
    assert gain == 1.0
    assert "there is no reference" in note
