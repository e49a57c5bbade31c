"""What an ear hears at once is flagged under its own name; what is free of faults is not."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import signal as filters

from gaplisten.audio.signal import Signal
from gaplisten.loss.measures import (
    MEASURES,
    GapTable,
    catalogue,
    engine,
    impulses,
    kinds,
    measure_curve,
    measure_gaps,
    measure_named,
)
from gaplisten.loss.measures.contract import Case
from gaplisten.loss.measures.gap_table import badness
from gaplisten.loss.measures.kinds import elsewhere
from gaplisten.loss.measures.received import share_followed, track
from gaplisten.loss.measures.windows import Places, prepared
from gaplisten.loss.trace import LossTrace
from kit.plugin_speech import speech

RATE, PACKET = 16_000, 320
CLEAN = np.tile(speech(seconds=2.4), 1).astype(np.float64)
LOST = (6, 20, 21, 36, 37, 38, 55, 56, 80, 81, 82, 100, 101)
TRACE = LossTrace.of_packets(np.isin(np.arange(len(CLEAN) // PACKET), LOST), PACKET, RATE)
GAPS = TRACE.gaps(len(CLEAN))


def measured(version: np.ndarray, reference: np.ndarray | None = CLEAN, **others: np.ndarray) -> GapTable:
    clean = None if reference is None else Signal.of(reference, RATE)
    return measure_gaps(clean, {n: Signal.of(x, RATE) for n, x in {"v": version, **others}.items()}, TRACE)


def share(table: GapTable, key: str, version: str = "v") -> float:
    return float(table.flagged(version, key).mean())


def in_gaps(change) -> np.ndarray:
    version = CLEAN.copy()
    for gap in GAPS:
        version[gap.start : gap.stop] = change(version, gap.start, gap.stop)
    return version


def later(ms: float) -> np.ndarray:
    parts, at = [], 0
    for gap in GAPS:
        parts += [CLEAN[at : gap.stop], np.zeros(round(ms * RATE / 1000))]
        at = gap.stop
    return np.concatenate([*parts, CLEAN[at:]])[: len(CLEAN)]


CONTROLS = {
    "itself": CLEAN,
    "1 dB lower": CLEAN * 10 ** (-1 / 20),
    "three frames late": np.concatenate((np.zeros(3), CLEAN[:-3])),
    "dithered to 16 bits": np.round(32768 * CLEAN + np.random.default_rng(0).uniform(-1, 1, len(CLEAN)))
    / 32768,
}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_version_without_a_fault_is_not_flagged(control: str) -> None:
    found = measured(CONTROLS[control])
    assert not any(row[-1] for row in found.table().rows)


@pytest.mark.parametrize("gain_db", [-6, 3, -2])
def test_a_level_that_is_off_in_all_gaps_is_told_of_the_clip(gain_db: float) -> None:
    found = measured(in_gaps(lambda y, a, b: y[a:b] * 10 ** (gain_db / 20)))
    (fact,) = (each for each in found.clip["v"] if each.key == "energy_error")
    assert fact.value == pytest.approx(gain_db, abs=0.1)
    assert ("too loud" if gain_db > 0 else "too low") in fact.said
    assert share(found, "energy_error") == 0
    assert f"energy_error={fact.value:.4g}" in str(found.table().rows[0][found.table().columns.index("clip")])


def test_a_level_that_is_off_by_a_decibel_is_not_told() -> None:
    assert not measured(in_gaps(lambda y, a, b: y[a:b] * 10 ** (1 / 20))).clip["v"]


def test_noise_30_ms_past_the_exit_is_found_behind_the_gap_and_at_no_edge() -> None:
    version, rng = CLEAN.copy(), np.random.default_rng(1)
    for gap in GAPS:
        version[gap.stop + 480 : gap.stop + 800] += 0.2 * rng.standard_normal(320)
    found = measured(version)
    assert share(found, "after_level") == 1
    assert share(found, "level_step_exit") == 0


def test_a_level_that_ramps_back_is_found_behind_the_gap() -> None:
    version = CLEAN.copy()
    for gap in GAPS:
        part = version[gap.stop : gap.stop + 1600]
        part *= np.linspace(0.4, 1, len(part))
    assert share(measured(version), "after_level") > 0.6  # two gaps lie before pauses


def test_received_sound_that_is_lower_as_a_whole_is_told_once_and_flags_no_gap() -> None:
    found = measured(0.5 * CLEAN)
    assert share(found, "after_level") == 0
    told = {fact.key: fact for fact in found.clip["v"]}
    assert told["after_level"].value == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("reference", [CLEAN, None], ids=["against the reference", "alone"])
def test_a_click_far_from_any_edge_is_found_elsewhere(reference: np.ndarray | None) -> None:
    version, gap = CLEAN.copy(), GAPS[3]
    version[gap.stop + 2000] += 0.4
    found = measured(version, reference)
    assert found.flagged("v", "elsewhere").tolist() == [place == 3 for place in range(len(GAPS))]
    assert share(found, "after_click") == 0, "it is more than 100 ms past the exit"
    (fact,) = (each for each in found.clip["v"] if each.key == "elsewhere")
    assert fact.frames == (gap.stop + 2000,)


def test_a_click_before_the_first_gap_counts_for_that_one() -> None:
    version = CLEAN.copy()
    version[900] -= 0.3
    assert measured(version).flagged("v", "elsewhere").tolist() == [True, *[False] * (len(GAPS) - 1)]


def test_received_sound_that_falls_silent_far_from_any_gap_is_found_though_nothing_clicks() -> None:
    version, gap = CLEAN.copy(), GAPS[3]
    version[gap.stop + 1800 : gap.stop + 2600] *= 1 - 0.99 * np.hanning(800)
    found = measured(version)
    assert found.flagged("v", "elsewhere_level").tolist() == [place == 3 for place in range(len(GAPS))]
    assert share(found, "elsewhere") == share(found, "after_level") == 0
    before = CLEAN.copy()
    before[: GAPS[0].start - 100] *= 0.1
    assert measured(before).flagged("v", "elsewhere_level")[0], "what precedes the first gap counts for it"


@pytest.mark.parametrize("begins_ms", [80, 88, 97])
def test_a_dip_between_two_gaps_is_heard_wherever_it_lies(begins_ms: float) -> None:
    lost = np.arange(len(CLEAN) // PACKET) % 7 == 5  # 120 ms apart
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    voice = 0.1 * np.random.default_rng(2).standard_normal(len(CLEAN))
    version = voice.copy()
    for gap in trace.gaps(len(voice)):
        at = gap.stop + round(begins_ms * RATE / 1000)
        version[at : min(at + 432, gap.stop + 1840)] *= 0.1
    found = measure_gaps(Signal.of(voice, RATE), {"v": Signal.of(version, RATE)}, trace)
    heard = found.flagged("v", "after_level") | found.flagged("v", "elsewhere_level")
    assert heard[:-1].all(), "nothing is received behind the last gap"


@pytest.mark.parametrize("ms", [1.5, 0.5])
def test_sound_that_gets_later_at_each_gap_drifts(ms: float) -> None:
    found = measured(later(ms))
    jumps = found.column("v", "lag_jump")
    assert np.nanmedian(jumps) == pytest.approx(ms, abs=0.07)
    assert share(found, "lag_jump") > 0.8
    assert found.column("v", "drift")[-1] == pytest.approx(ms * len(GAPS), abs=0.2)
    (fact,) = (each for each in found.clip["v"] if each.key == "drift")
    assert len(fact.frames) >= len(GAPS) - 1


def test_sound_that_is_late_throughout_is_told_and_does_not_drift() -> None:
    found = measured(np.concatenate((np.zeros(80), CLEAN[:-80])))
    assert share(found, "drift") == share(found, "lag_jump") == 0
    (fact,) = (each for each in found.clip["v"] if each.key == "drift")
    assert fact.said == "received sound comes 5.00 ms late throughout"


@pytest.mark.parametrize(("share_lower", "said"), [(1.0, "throughout"), (0.7, "in 7[0-9] % of it")])
def test_of_sound_that_is_too_low_it_is_told_in_how_much_of_it(share_lower: float, said: str) -> None:
    version = CLEAN.copy()
    version[round((1 - share_lower) * len(CLEAN)) :] *= 10 ** (-3 / 20)
    (fact,) = (each for each in measured(version).clip["v"] if each.key == "after_level")
    assert re.fullmatch(f"received sound is 3.0 dB lower than the reference {said}", fact.said)


def test_narrow_band_concealment_in_wide_band_speech_lacks_bandwidth() -> None:
    low = filters.sosfiltfilt(filters.butter(8, 3400, fs=RATE, output="sos"), CLEAN)
    found = measured(in_gaps(lambda y, a, b: low[a:b]))
    assert share(found, "bandwidth") > 0.8
    assert share(measured(in_gaps(lambda y, a, b: 0.1 * y[a:b])), "bandwidth") == 0, "it is low as a whole"


def test_one_period_again_and_again_buzzes_and_the_speech_itself_does_not() -> None:
    found = measured(in_gaps(lambda y, a, b: np.resize(y[a - 117 : a].copy(), b - a)))
    long = np.array([facts.length_ms >= 40 for facts in found.gaps])
    assert found.flagged("v", "buzz")[long].all()
    assert np.isnan(found.column("v", "buzz")[~long]).all()
    assert share(measured(CLEAN), "buzz") == 0


@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_the_last_packet_again_and_again_buzzes_though_it_is_no_period_of_a_voice(gain: float) -> None:
    def again(y: np.ndarray, a: int, b: int) -> np.ndarray:
        return np.concatenate([gain**k * y[a - 320 : a] for k in range(-(-(b - a) // 320))])[: b - a]

    found = measured(in_gaps(again))
    long = np.array([facts.length_ms >= 40 for facts in found.gaps])
    assert found.flagged("v", "buzz")[long].mean() >= 0.9


@pytest.mark.parametrize(("lag", "second"), [(40, 1.0), (24, 0.7), (70, -0.6)])
def test_a_gap_that_has_its_sound_twice_is_a_comb_and_a_shifted_or_repeated_one_is_none(
    lag: int, second: float
) -> None:
    twice = in_gaps(lambda y, a, b: 0.6 * CLEAN[a:b] + 0.6 * second * CLEAN[a - lag : b - lag])
    inside = in_gaps(lambda y, a, b: 0.6 * y[a:b] + 0.6 * second * np.r_[np.zeros(lag), CLEAN[a : b - lag]])
    assert share(measured(twice), "comb") > 0.9
    assert share(measured(inside), "comb") > 0.9
    assert share(measured(in_gaps(lambda y, a, b: CLEAN[a - lag : b - lag])), "comb") == 0
    repeated = in_gaps(lambda y, a, b: np.resize(y[a - 117 : a].copy(), b - a))
    assert share(measured(repeated), "comb") == 0


def test_a_second_copy_a_fraction_of_a_sample_of_16_khz_later_is_a_comb_too() -> None:
    rate, lag = 48_000, 101  # 33.67 frames at the rate at which it is looked for
    clean = filters.resample_poly(CLEAN, 3, 1)
    trace = LossTrace.of_packets(np.isin(np.arange(len(clean) // 960), LOST), 960, rate)
    twice = clean.copy()
    for gap in trace.gaps(len(clean)):
        twice[gap.start : gap.stop] += clean[gap.start - lag : gap.stop - lag]
    found = measure_gaps(Signal.of(clean, rate), {"v": Signal.of(twice, rate)}, trace)
    assert share(found, "comb") == 1


@pytest.mark.parametrize("late", [0, 37], ids=["in time", "late"])
def test_noise_too_soft_for_any_gap_is_told_of_the_pauses(late: int) -> None:
    rng = np.random.default_rng(4)
    pauses = CLEAN.copy()
    for at in range(1600, len(CLEAN), 6400):  # 0.2 s of every 0.4
        pauses[at : at + 3200] = 1e-4 * rng.standard_normal(len(pauses[at : at + 3200]))
    noisy = pauses + 1e-3 * rng.standard_normal(len(pauses))
    louder = 1.4 * pauses
    for version, value in ((noisy, 17.0), (pauses, None), (louder, None)):
        version = np.concatenate((np.zeros(late), version[: len(version) - late]))
        facts = [each for each in measured(version, pauses).clip["v"] if each.key == "elsewhere_level"]
        if value is None:
            assert not facts
        else:
            assert [fact.value for fact in facts] == [pytest.approx(value, abs=1.0)]
            assert facts[0].said.startswith("the noise in pauses is 1")


@pytest.mark.parametrize("reference", [CLEAN, None], ids=["against the reference", "alone"])
def test_a_click_inside_a_gap_is_found_there_and_at_no_edge(reference: np.ndarray | None) -> None:
    version, gap = CLEAN.copy(), GAPS[3]
    version[(gap.start + gap.stop) // 2] += 0.4
    found = measured(version, reference)
    assert found.flagged("v", "click_inside").tolist() == [place == 3 for place in range(len(GAPS))]
    assert not any(share(found, key) for key in ("click_entry", "click_exit", "elsewhere", "after_click"))


@pytest.mark.parametrize("reference", [CLEAN, None], ids=["against the reference", "alone"])
@pytest.mark.parametrize("frames", [4, 5, 6, 8, 12, 18, -8])
def test_a_click_is_found_inside_however_near_to_an_entry_that_does_not_click(
    frames: int, reference: np.ndarray | None
) -> None:
    version, gap = CLEAN.copy(), GAPS[3]
    version[frames + (gap.start if frames > 0 else gap.stop)] += 0.4
    found = measured(version, reference)
    assert share(found, "click_entry") == 0
    assert found.flagged("v", "click_inside").tolist() == [place == 3 for place in range(len(GAPS))]


def test_packets_that_do_not_join_click_inside_and_the_same_speech_elsewhere_in_one_piece_does_not() -> None:
    rng, strung, whole = np.random.default_rng(8), CLEAN.copy(), CLEAN.copy()
    for gap in (each for each in GAPS if each.frames > PACKET):
        whole[gap.start : gap.stop] = CLEAN[gap.start - 300 : gap.stop - 300]
        for at in range(gap.start, gap.stop, PACKET):
            source = at - int(rng.integers(400, 1100))
            strung[at : at + PACKET] = CLEAN[source : source + PACKET]
    assert share(measured(whole), "click_inside") == 0
    assert share(measured(strung), "click_inside") >= 0.2


def test_what_clicks_at_an_edge_does_not_click_inside_or_beside() -> None:
    found = measured(in_gaps(lambda y, a, b: np.zeros(b - a)))
    assert share(found, "click_exit") > 0.8
    assert share(found, "click_inside") == 0
    assert share(found, "click_beside") == 0


@pytest.mark.parametrize("late", [0, 23], ids=["in time", "late"])
@pytest.mark.parametrize("frames", [-79, -40, -16, -5, 5, 8, 16, 40, 79])
def test_a_click_within_5_ms_of_a_gap_is_found_wherever_it_is(frames: int, late: int) -> None:
    version, gap = CLEAN.copy(), GAPS[3]
    at = gap.start + frames if frames < 0 else gap.stop + frames
    version = np.concatenate((np.zeros(late), version[: len(version) - late]))
    assert share(measured(version), "click_beside") == 0
    version[at] += 0.4
    found = measured(version)
    assert found.flagged("v", "click_beside").tolist() == [place == 3 for place in range(len(GAPS))]


@pytest.mark.parametrize("fades", [False, True], ids=["flat", "fading over 10 ms"])
@pytest.mark.parametrize("edge", ["entry", "exit"])
def test_received_sound_that_is_added_twice_beside_a_gap_is_an_overlap_there(edge: str, fades: bool) -> None:
    version, size = CLEAN.copy(), 160 if fades else 40
    window = np.linspace(1, 0, size) if fades else np.ones(size)
    for gap in GAPS:
        if edge == "exit":
            version[gap.stop : gap.stop + size] *= 1 + window
        else:
            version[gap.start - size : gap.start] *= 1 + window[::-1]
    found = measured(version)
    assert share(found, f"overlap_{edge}") > 0.8  # two gaps lie beside pauses
    assert share(found, "overlap_exit" if edge == "entry" else "overlap_entry") == 0
    assert np.nanmax(found.column("v", f"overlap_{edge}")) == pytest.approx(
        6.0 if not fades else 5.4, abs=0.3
    )


@pytest.mark.parametrize("late", [0, 37], ids=["in time", "late"])
def test_a_blend_into_received_sound_is_no_overlap_however_loud_it_is(late: int) -> None:
    version, rise = CLEAN.copy(), np.linspace(0, 1, 80)
    for gap in GAPS:
        part = slice(gap.stop, gap.stop + 80)
        loud = 0.3 * np.random.default_rng(gap.start).standard_normal(80)
        version[part] = rise * version[part] + (1 - rise) * loud
    version = np.concatenate((np.zeros(late), version[: len(version) - late]))
    found = measured(version)
    assert share(found, "overlap_exit") == 0
    assert share(found, "overlap_entry") == 0


def test_noise_without_its_rumble_is_as_loud_behind_gaps_and_without_its_middle_is_not() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(len(CLEAN)))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 8))
    pink = np.fft.irfft(spectrum, len(CLEAN))
    reference = 0.02 * pink / pink.std()
    without_rumble = filters.sosfilt(filters.butter(2, 90, "highpass", fs=RATE, output="sos"), reference)
    without_middle = filters.sosfilt(
        filters.butter(2, (200, 2000), "bandstop", fs=RATE, output="sos"), reference
    )
    keys = ("after_level", "elsewhere_level")
    assert not any(share(measured(without_rumble, reference), key) for key in keys)
    found = measured(np.where(np.arange(len(CLEAN)) > len(CLEAN) // 2, without_middle, reference), reference)
    assert found.flagged("v", "after_level").tolist() == [False] * 3 + [True] * 3


RUMBLE = 0.03 * np.sin(2 * np.pi * 11 * np.arange(len(CLEAN)) / RATE)


@pytest.mark.parametrize("turn", [0.0, 0.4], ids=["left out", "turned in phase"])
def test_rumble_that_a_codec_changes_throughout_is_no_fault_of_gaps(turn: float) -> None:
    other = turn and 0.03 * np.sin(2 * np.pi * 11 * np.arange(len(CLEAN)) / RATE + turn)
    found = measured(0.3 * CLEAN + other, 0.3 * CLEAN + RUMBLE)
    keys = ("overlap_entry", "overlap_exit", "level_step_entry", "level_step_exit", "energy_error", "dc")
    assert {key: share(found, key) for key in keys} == dict.fromkeys(keys, 0.0)
    assert not [fact for fact in found.clip["v"] if fact.key == "energy_error"]


def test_an_offset_is_found_in_speech_that_has_rumble_and_is_told_from_rumble_that_was_missed() -> None:
    clean, version = CLEAN + RUMBLE, CLEAN + RUMBLE
    for gap in GAPS:
        version[gap.start : gap.stop] += 0.015
    assert share(measured(version, clean), "dc") == 1
    for gap in GAPS:
        version[gap.start : gap.stop] = clean[gap.start : gap.stop] - RUMBLE[gap.start : gap.stop]
    assert share(measured(version, clean), "dc") == 0


def test_turned_polarity_and_an_offset_have_names_of_their_own() -> None:
    assert share(measured(in_gaps(lambda y, a, b: -0.7 * y[a:b])), "polarity") == 1
    assert share(measured(in_gaps(lambda y, a, b: y[a:b] + 0.03)), "dc") > 0.8


def test_a_pitch_that_is_off_by_an_octave_jumps() -> None:
    time = np.arange(len(CLEAN)) / RATE
    voice = sum(np.sin(2 * np.pi * 110 * k * time + k * k) / k for k in range(1, 15)) * 0.05
    other = sum(np.sin(2 * np.pi * 220 * k * time + k * k) / k for k in range(1, 8)) * 0.05
    version = voice.copy()
    for gap in GAPS:
        version[gap.start : gap.stop] = other[gap.start : gap.stop]
    found = measured(version, voice)
    assert np.nanmin(found.column("v", "pitch_jump")) == pytest.approx(1200, abs=40)


def test_a_lag_of_one_period_is_no_lag() -> None:
    time = np.arange(len(CLEAN)) / RATE
    voice = sum(np.sin(2 * np.pi * 250 * k * time + k * k) / k for k in range(1, 10)) * 0.05
    version = voice * (1 + 0.001 * np.random.default_rng(0).standard_normal(len(voice)))
    shifted = np.concatenate((np.zeros(64), version))[: len(version)]  # 4 ms: one period of 250 Hz
    for gap in GAPS:
        version[gap.start : gap.stop] = shifted[gap.start : gap.stop]
    assert np.nanmax(np.abs(measured(version, voice).column("v", "recovery_lag"))) < 0.2


def test_a_version_that_sounds_as_another_is_identical_to_it_but_not_where_both_are_right() -> None:
    off = in_gaps(lambda y, a, b: np.resize(y[a - 117 : a].copy(), b - a))
    found = measured(off.copy(), CLEAN, off=off, right=CLEAN, too=CLEAN.copy())
    assert share(found, "identical") == 1
    (fact,) = (each for each in found.clip["v"] if each.key == "identical")
    assert fact.said == f"equals off in {len(GAPS)} of the {len(GAPS)} gaps in which it has sound of its own"
    assert np.isnan(found.column("right", "identical")).all()


@pytest.mark.parametrize("with_reference", [True, False])
@pytest.mark.parametrize("fault", ["in time", "late", "late and loud", "turned"])
def test_how_many_gaps_are_measured_at_once_changes_no_value(monkeypatch, fault: str, with_reference: bool):
    version = later(2.0) if "late" in fault else in_gaps(lambda y, a, b: 0.5 * y[a - (b - a) : a])
    version *= {"late and loud": 1.4, "turned": -1.0}.get(fault, 1.0)
    reference = CLEAN if with_reference else None
    at_once = measured(version, reference, other=CLEAN)
    monkeypatch.setattr(engine, "_BLOCK", 3)
    in_blocks = measured(version, reference, other=CLEAN)
    np.testing.assert_allclose(in_blocks.values["v"], at_once.values["v"], rtol=1e-12, atol=1e-12)
    assert in_blocks.clip == at_once.clip


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_each_measure_has_a_curve_that_stands_out_where_its_fault_is(measure) -> None:
    faults = {
        "after_level": lambda y, a, b: y.__setitem__(slice(b + 480, b + 900), 0.2 * y[b + 480 : b + 900]),
        "after_click": lambda y, a, b: y.__setitem__(b + 800, y[b + 800] + 0.4),
        "elsewhere": lambda y, a, b: y.__setitem__(b + 800, y[b + 800] + 0.4),
        "elsewhere_level": lambda y, a, b: y.__setitem__(slice(b + 480, b + 900), 0.2 * y[b + 480 : b + 900]),
        "click_inside": lambda y, a, b: y.__setitem__((a + b) // 2, y[(a + b) // 2] + 0.4),
        "click_beside": lambda y, a, b: y.__setitem__(b + 40, y[b + 40] + 0.4),
        "overlap_entry": lambda y, a, b: y.__setitem__(slice(a - 80, a), 2 * y[a - 80 : a]),
        "overlap_exit": lambda y, a, b: y.__setitem__(slice(b, b + 80), 2 * y[b : b + 80]),
        "lag_jump": lambda y, a, b: y.__setitem__(slice(b, b + 3000), y[b - 32 : b + 2968].copy()),
    }
    faults["drift"] = faults["lag_jump"]
    version, gap = CLEAN.copy(), GAPS[5]
    plant = faults.get(measure.key)
    if plant:
        plant(version, gap.start, gap.stop)
    else:
        tail = np.resize(version[gap.start - 90 : gap.start].copy(), gap.frames)
        version[gap.start : gap.stop] = -1.0 * tail[::-1] if measure.key != "buzz" else tail
        if measure.key == "bandwidth":
            low = filters.sosfiltfilt(filters.butter(8, 3400, fs=RATE, output="sos"), CLEAN)
            version[gap.start : gap.stop] = low[gap.start : gap.stop]
        if measure.key == "comb":
            version[gap.start : gap.stop] = (
                CLEAN[gap.start : gap.stop] + CLEAN[gap.start - 40 : gap.stop - 40]
            )
        if measure.key in ("muted_early", "decay", "energy_error"):
            version[gap.start : gap.stop] = 0
    clean, other = Signal.of(CLEAN, RATE), {"o": Signal.of(version, RATE)}
    curve = measure_curve(measure, clean, Signal.of(version, RATE), TRACE, other)
    assert curve.frames.shape == curve.values.shape
    assert np.all(np.diff(curve.frames) > 0)
    assert curve.frames.size > 30
    known = ~np.isnan(curve.values)
    if measure.key in ("decay", "polarity", "dc", "gap_snr"):
        assert known.any()
        return
    bad = np.where(known, badness(measure, curve.values), -np.inf)
    worst = curve.frames[int(bad.argmax())]
    assert gap.start - 800 <= worst <= gap.stop + 3800, worst / RATE


def test_a_curve_without_the_reference_it_needs_has_no_points() -> None:
    assert measure_curve(measure_named("lsd"), None, Signal.of(CLEAN, RATE), TRACE).frames.size == 0
    with pytest.raises(ValueError, match="16000 Hz"):
        measure_curve(measure_named("lsd"), None, Signal.of(CLEAN, 8000), TRACE)


def test_a_measure_is_one_more_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (Path(kinds.__file__).parent / "polarity.py").read_text(encoding="utf-8")
    (tmp_path / "loudest.py").write_text(source.replace('"polarity"', '"loudest"'), encoding="utf-8")
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    found = [measure.key for measure in catalogue.discover()]
    assert sorted({*found} - {measure.key for measure in MEASURES}) == ["loudest"]


def test_a_version_of_turned_polarity_does_not_drift() -> None:
    found = measured(-CLEAN)
    assert share(found, "polarity") > 0.9
    assert [fact.said for fact in found.clip["v"]] == ["received sound has its polarity turned round"]
    assert "polarity" not in {fact.key for fact in measured(in_gaps(lambda y, a, b: -y[a:b])).clip["v"]}
    assert share(found, "drift") == share(found, "lag_jump") == share(found, "elsewhere") == 0


@pytest.mark.parametrize("corner", [100, 150])
def test_a_codecs_filter_that_moves_with_the_voice_is_no_lag(corner: float) -> None:
    moved = CLEAN.copy()
    for at in range(0, CLEAN.size, 3200):  # now this corner, now none: what Opus does to speech in calls
        sos = filters.butter(2, corner * (1 + at // 3200 % 2), "highpass", fs=RATE, output="sos")
        moved[at : at + 3200] = filters.sosfilt(sos, CLEAN)[at : at + 3200]
    found = measured(moved)
    assert share(found, "lag_jump") < 0.05
    assert share(found, "drift") < 0.05


@pytest.mark.parametrize("corner", [60, 150])
def test_a_filter_that_turns_low_harmonics_in_phase_is_neither_late_nor_a_second_copy(corner: float) -> None:
    sos = filters.butter(2, corner, "highpass", fs=RATE, output="sos")
    found = measured(filters.sosfilt(sos, CLEAN))
    assert share(found, "lag_jump") == share(found, "drift") == share(found, "comb") == 0


def test_the_end_of_a_gap_is_not_late_where_all_of_the_version_is() -> None:
    late = measured(np.concatenate((np.zeros(64), CLEAN[:-64])))
    assert np.nanmax(np.abs(late.column("v", "recovery_lag"))) < 0.1


def test_sound_that_loses_half_of_each_gap_is_followed_and_other_speech_is_not() -> None:
    parts, at = [], 0
    for gap in GAPS:
        parts.append(CLEAN[at : gap.start + gap.frames // 2])
        at = gap.stop
    early = np.concatenate([*parts, CLEAN[at:], np.zeros(len(CLEAN))])[: len(CLEAN)]
    other = speech(seconds=2.4, name="demo4")
    clean = Signal.of(CLEAN, RATE)
    assert share_followed(clean, Signal.of(early, RATE), TRACE) > 0.6
    assert share_followed(clean, Signal.of(other, RATE), TRACE) < 0.5


def test_what_is_remembered_while_measuring_does_not_grow_with_versions_nor_whole_forms_with_gaps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Places] = []
    cut, sharp = Places.blocks, impulses.sharpness

    def blocks(places: Places, size: int) -> list[Places]:
        made.extend((places, *cut(places, 2)))
        return made[-len(cut(places, 2)) :]

    calls: list[int] = []
    monkeypatch.setattr(Places, "blocks", blocks)
    monkeypatch.setattr(impulses, "sharpness", lambda row: calls.append(row.size) or sharp(row))
    late = {f"{n} late": np.concatenate((np.zeros(n), CLEAN[:-n])) for n in (20, 40, 60)}
    measured(CLEAN)
    alone = [len(each.memo) for each in made]
    assert len(alone) > 3, "the gaps fall into several blocks"
    assert len(calls) == 2, "one version and the reference, once each"
    made.clear()
    measured(CLEAN, **late)
    assert [len(each.memo) for each in made] == alone


@pytest.mark.parametrize("rate", [8000, 16_000, 15_900, 44_100, 192_000])
def test_received_sound_counts_from_5_ms_past_the_exit_at_any_rate(
    rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, packet = rate, round(rate / 50)
    trace = LossTrace.of_packets(np.isin(np.arange(50), (10, 30)), packet, rate)
    clean = Signal.of(np.random.default_rng(1).normal(0, 0.1, frames), rate)
    gaps = trace.gaps(frames)
    looked_at = []
    found = elsewhere.strongest

    def strongest(case: Case, first: np.ndarray, end: np.ndarray, late: np.ndarray, **more: int) -> object:
        looked_at.append((first, end))
        return found(case, first, end, late, **more)

    monkeypatch.setattr(elsewhere, "strongest", strongest)
    measure_gaps(clean, {"v": clean}, trace)
    (first, end), *_ = looked_at
    settled = round(Fraction(5 * rate, 1000))
    assert first.tolist() == [0, *(gap.stop + settled for gap in gaps)]
    assert end.tolist() == [gaps[0].start - settled, gaps[1].start - settled, frames - settled]


@pytest.mark.parametrize("rate", [8000, 15_900, 16_000])
def test_lateness_is_followed_from_5_ms_past_each_gap_in_windows_that_fill_what_was_received(
    rate: int,
) -> None:
    packet = round(rate / 50)
    trace = LossTrace.of_packets(np.isin(np.arange(50), (10, 30)), packet, rate)
    clean = Signal.of(np.random.default_rng(1).normal(0, 0.1, rate), rate)
    gaps, voice = trace.gaps(rate), prepared(clean, rate)
    found = track(voice, voice, Places.of(gaps, rate, rate))
    settled = round(Fraction(5 * rate, 1000))
    begins = [0, *(gap.stop + settled for gap in gaps)]
    ends = [*(gap.start for gap in gaps), rate]
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        middles = found.middles[found.stretch == number]
        size = (end - begin) / len(middles)
        assert 0.06 * rate <= size < 0.12 * rate
        np.testing.assert_allclose(middles, begin + size * (np.arange(len(middles)) + 0.5), atol=1)
        assert abs(middles[0] - (begin + begin + int(size)) / 2) <= 0.5
    assert np.nanmax(np.abs(found.lags)) == 0
