"""Curves under the lanes, a piece at a time."""

import numpy as np
import pytest

from gaplisten.audio.filemap import as_source
from gaplisten.audio.signal import Signal
from gaplisten.bench.curves import PIECE_SECONDS, measured_piece, pitch_piece
from gaplisten.loss.measures import measure_curve, measure_named
from gaplisten.loss.trace import LossTrace

RATE = 8000
FRAMES = round(2.5 * PIECE_SECONDS * RATE)


def _voice(period=80):
    pulses = np.zeros(FRAMES)
    pulses[::period] = 0.4
    sound = np.convolve(pulses, np.exp(-np.arange(60) / 12.0))[:FRAMES]
    return (sound + np.random.default_rng(5).normal(0, 0.003, FRAMES)).astype(np.float32)


CLEAN = _voice()
CLICKED = CLEAN.copy()
AT = round(PIECE_SECONDS * RATE) + 43  # behind the seam of two pieces, between two pulses
CLICKED[AT] += 0.5
NO_LOSS = LossTrace.of_spans(np.zeros((0, 2), np.int64), FRAMES, RATE)


def _sources(*rows):
    return [as_source(Signal.of(row, RATE)) for row in rows]


def test_pieces_of_a_measure_joined_are_its_curve_and_show_a_click_where_it_is():
    version, reference = _sources(CLICKED, CLEAN)
    pieces = [measured_piece("click_exit", version, reference, NO_LOSS, number) for number in range(3)]
    frames = np.concatenate([each.frames for each in pieces])
    values = np.concatenate([each.values for each in pieces])
    assert (np.diff(frames) > 0).all()
    assert abs(int(frames[np.nanargmax(values)]) - AT) <= 0.0025 * RATE
    whole = measure_curve(
        measure_named("click_exit"), Signal.of(CLEAN, RATE), Signal.of(CLICKED, RATE), NO_LOSS
    )
    assert np.nanmax(values) == pytest.approx(np.nanmax(whole.values), rel=0.2)


def test_a_piece_behind_the_end_is_empty_and_no_trace_is_no_loss():
    (version,) = _sources(CLICKED)
    assert measured_piece("click_exit", version, None, None, 7).frames.size == 0
    assert measured_piece("click_exit", version, None, None, 1).values.max() > 20


def test_pitch_follows_the_voice_and_has_gaps_where_there_is_none():
    row = CLEAN.copy()
    row[RATE:] = 0.0
    (version,) = _sources(row)
    found = pitch_piece(version, 0)
    voiced = found.values[(found.frames > 0.1 * RATE) & (found.frames < 0.9 * RATE)]
    assert voiced == pytest.approx(np.full(voiced.size, RATE / 80), rel=0.02)
    assert np.isnan(found.values[found.frames > 1.1 * RATE]).all()
