"""How spectrograms are looked at."""

import numpy as np
import pytest

from gaplisten.audio.extent import highest_hz
from gaplisten.audio.filemap import as_source
from gaplisten.audio.palettes import PALETTES, difference_colours, level_colours
from gaplisten.audio.signal import Signal
from gaplisten.audio.spectra import fitted
from gaplisten.audio.spectrum_look import SCALES, FrequencyAxis, SpectrumLook

RATE = 48000


@pytest.mark.parametrize("scale", SCALES)
def test_heights_and_frequencies_belong_to_each_other(scale):
    axis = FrequencyAxis(100.0, 8000.0, scale)
    assert [axis.share(axis.hz(share)) for share in (0.0, 0.3, 1.0)] == pytest.approx([0.0, 0.3, 1.0])
    assert (axis.hz(0.0), axis.hz(1.0)) == pytest.approx((100.0, 8000.0))
    assert (np.diff(axis.edges(50, RATE)) > 0).all()


def test_low_frequencies_get_more_room_on_mel_and_most_on_log():
    shares = [FrequencyAxis(40.0, 8000.0, scale).share(1000.0) for scale in ("linear", "mel", "log")]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.12, abs=0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_a_tone_is_drawn_at_its_height_on_every_scale(scale):
    bins, rows = 385, 300
    levels = np.zeros((4, bins), np.uint8)
    levels[:, round(3000 / 24000 * (bins - 1))] = 200
    axis = SpectrumLook(scale=scale, high_hz=8000.0).axis(RATE, None)
    picture = fitted(levels, 0.0, 1.0, 4, rows, axis.edges(rows, RATE))
    bright = rows - np.flatnonzero(picture[:, 0] > 100).mean()
    assert bright / rows == pytest.approx(axis.share(3000.0), abs=0.02)


def test_by_default_the_top_is_what_the_material_has_and_a_limit_is_a_limit():
    look = SpectrumLook()
    assert look.axis(RATE, 9000.0).high == 9000.0
    assert look.axis(RATE, None).high == 24000.0
    assert SpectrumLook(high_hz=4000.0).axis(RATE, 9000.0).high == 4000.0
    assert SpectrumLook(low_hz=9000.0, high_hz=4000.0).axis(RATE, None).low < 4000.0


def test_zooming_keeps_the_frequency_under_the_pointer():
    look = SpectrumLook(high_hz=8000.0)
    axis = look.axis(RATE, None)
    nearer = look.zoomed(2.0, axis, 0.25, RATE)
    assert (nearer.low_hz, nearer.high_hz) == (1000.0, 5000.0)
    assert nearer.axis(RATE, None).share(2000.0) == pytest.approx(0.25)
    assert look.zoomed(1e6, axis, 0.5, RATE) is look


def test_zooming_out_ends_with_all_frequencies_however_far_the_material_reaches():
    look = SpectrumLook()
    for _ in range(9):
        look = look.zoomed(0.66, look.axis(RATE, 4000.0), 0.5, RATE)
    axis = look.axis(RATE, 4000.0)
    assert (axis.low, axis.high) == (0.0, RATE / 2)


def _limited(hz, floor=0.0):
    noise = np.random.default_rng(4).normal(0, 0.1, RATE)
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(RATE, 1 / RATE) > hz] = 0.0
    row = np.fft.irfft(spectrum) + np.random.default_rng(5).normal(0, floor, RATE)
    return as_source(Signal.of(row.astype(np.float32), RATE))


@pytest.mark.parametrize(("hz", "top"), [(3000.0, 4000.0), (7000.0, 8000.0), (23000.0, 24000.0)])
def test_the_material_reaches_as_far_as_it_can_be_heard(hz, top):
    assert highest_hz(_limited(hz, 3e-6)) == top


def test_silence_has_the_least_there_is():
    assert highest_hz(as_source(Signal.of(np.zeros(100, np.float32), RATE))) == 4000.0


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("dark", [False, True])
def test_every_palette_changes_steadily_in_lightness(palette, dark):
    table = level_colours(dark, palette, -95.0, -15.0)
    red, green, blue = (table >> shift & 0xFF for shift in (16, 8, 0))
    lightness = 0.299 * red + 0.587 * green + 0.114 * blue
    steps = np.diff(lightness.astype(float))
    assert (steps >= -0.8).all() if dark else (steps <= 0.8).all()


def test_no_difference_is_the_colour_of_the_paper():
    assert difference_colours(False)[60] == 0xFFFFFFFF
    assert difference_colours(True)[60] == 0xFF141519
