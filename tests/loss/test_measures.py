"""Per-gap measures: known values on made signals, and the right order on real speech."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.fft import next_fast_len
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.formats import read_trace
from gaplisten.loss.measures import MEASURES, Direction, measure_gaps, measure_named
from gaplisten.loss.measures.kinds import lsd
from gaplisten.loss.measures.sliding import sliding_maximum, sliding_mean
from gaplisten.loss.measures.windows import Places, fast_length, medians
from gaplisten.loss.models import make_trace
from gaplisten.loss.strata import Stratum
from gaplisten.loss.trace import Gap, LossTrace, apply_loss
from gaplisten.tables import to_csv
from kit.timing import cost

RATE = 16000
PACKET = 320


def trace_of(*lost: int, packets: int = 50) -> LossTrace:
    flags = np.zeros(packets, np.bool_)
    flags[list(lost)] = True
    return LossTrace.of_packets(flags, PACKET, RATE)


def buzzing(frames: int = 50 * PACKET, pitch: float = 100.0, level: float = 0.1) -> np.ndarray:
    """Harmonics of one pitch, with a little noise so that prediction is not perfect."""
    time = np.arange(frames) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * k * time + k * k) / k for k in range(1, 12))
    return level * tone + np.random.default_rng(0).normal(0, 1e-3, frames)


def measured(version: np.ndarray, reference: np.ndarray | None, trace: LossTrace):
    clean = None if reference is None else Signal.of(reference, RATE)
    return measure_gaps(clean, {"v": Signal.of(version, RATE)}, trace)


@pytest.mark.parametrize(("rate", "packet"), [(16000, 320), (8000, 160), (48000, 960), (44100, 882)])
def test_a_gap_of_20_ms_is_looked_at_four_times_5_ms_apart(rate: int, packet: int) -> None:
    gaps = [Gap(1000, 1000 + packet), Gap(9000, 9000 + 3 * packet), Gap(20000, 20010)]
    places = Places.of(gaps, rate, 30000)
    middles, of = lsd.centres(places)
    hop = round(0.005 * rate)
    assert of.tolist() == [0] * 4 + [1] * (3 * packet // hop) + [2]
    assert (middles[:4] - 1000).tolist() == [hop // 2 + number * hop for number in range(4)]
    assert middles[-1] == 20005


def test_the_reference_itself_is_free_of_faults() -> None:
    clean, trace = buzzing(), trace_of(10, 20, 21, 22, 30)
    found = measured(clean, clean, trace)
    for key in ("level_step_entry", "level_step_exit", "energy_error", "lsd", "muted_early", "recovery_lag"):
        assert np.abs(found.column("v", key)).max() == 0.0
    assert found.column("v", "click_entry").max() < 8
    assert all(not row[-1] for row in found.table().rows)


@pytest.mark.parametrize(("edge", "key"), [("start", "entry"), ("stop", "exit")])
def test_a_click_at_an_edge_is_found_at_that_edge_only(edge: str, key: str) -> None:
    clean, trace = buzzing(), trace_of(20, 21, 22)
    gap = trace.gaps()[0]
    version = clean.copy()
    inside = getattr(gap, edge) - (1 if edge == "stop" else 0)
    version[inside] += 0.05
    found = measured(version, clean, trace)
    other = "exit" if key == "entry" else "entry"
    assert found.value(0, "v", f"click_{key}") > 8
    assert found.value(0, "v", f"click_{other}") < 8


def test_a_step_is_the_jump_over_the_usual_jump() -> None:
    rng = np.random.default_rng(1)
    clean = rng.normal(0, 0.02, 50 * PACKET)
    version, gap = clean.copy(), trace_of(20).gaps()[0]
    version[gap.start :] += 0.5
    found = measured(version, clean, trace_of(20))
    # The difference of two normal values has a standard deviation of 0.02 * sqrt(2).
    assert found.value(0, "v", "step_entry") == pytest.approx(0.5 / (0.02 * 2**0.5), rel=0.3)
    assert found.value(0, "v", "step_exit") < 4


def test_halved_samples_are_minus_6_db() -> None:
    clean, trace = buzzing(), trace_of(20, 21, 22, 23)
    version, gap = clean.copy(), trace.gaps()[0]
    version[gap.start : gap.stop] *= 0.5
    found = measured(version, clean, trace)
    assert found.value(0, "v", "energy_error") == pytest.approx(-6.02, abs=0.02)
    assert found.value(0, "v", "level_step_entry") == pytest.approx(-6.02, abs=0.05)
    assert found.value(0, "v", "level_step_exit") == pytest.approx(6.02, abs=0.05)
    assert found.value(0, "v", "gap_snr") == pytest.approx(6.02, abs=0.02)


def test_a_uniform_level_change_is_its_own_spectral_distance() -> None:
    clean = np.random.default_rng(2).normal(0, 0.05, 50 * PACKET)
    found = measured(clean * 10 ** (-9 / 20), clean, trace_of(20, 21, 22))
    assert found.value(0, "v", "lsd") == pytest.approx(9.0, abs=0.05)


def test_zero_fill_has_0_db_snr_is_muted_and_clicks() -> None:
    clean, trace = buzzing(), trace_of(20, 21, 22)
    lossy = apply_loss(Signal.of(clean, RATE), trace)
    found = measure_gaps(Signal.of(clean, RATE), {"v": lossy}, trace)
    assert found.value(0, "v", "gap_snr") == pytest.approx(0.0, abs=1e-6)
    assert found.value(0, "v", "muted_early") == 60.0
    assert found.value(0, "v", "click_exit") > 50
    assert found.value(0, "v", "decay") is None
    assert set(found.flags("v", 0)) >= {"click_entry", "click_exit", "energy_error", "muted_early"}


def test_digital_silence_does_not_make_the_click_explode() -> None:
    silence = np.zeros(50 * PACKET)
    found = measured(silence, silence, trace_of(20))
    assert found.value(0, "v", "click_entry") == 0.0
    assert all(not row[-1] for row in found.table().rows)
    step = silence.copy()
    step[21 * PACKET :] = 1e-4
    assert measured(step, silence, trace_of(20)).value(0, "v", "click_exit") < 8


def test_a_repeated_period_buzzes_against_noise() -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, 50 * PACKET)
    version, trace = noise.copy(), trace_of(20, 21, 22)
    gap = trace.gaps()[0]
    version[gap.start : gap.stop] = np.resize(noise[gap.start - 100 : gap.start], gap.frames)
    found = measured(version, noise, trace)
    assert found.value(0, "v", "buzz") > 0.6
    assert measured(version, noise, trace_of(20)).value(0, "v", "buzz") is None, "shorter than 40 ms"


@pytest.mark.parametrize("slope", [-0.2, -0.6])
def test_the_decay_slope_is_that_of_the_level(slope: float) -> None:
    clean, trace = buzzing(pitch=200), trace_of(20, 21, 22)
    version, gap = clean.copy(), trace.gaps()[0]
    fall = 10 ** (slope * 1000 * np.arange(gap.frames) / RATE / 20)
    version[gap.start : gap.stop] *= fall
    found = measured(version, None, trace)
    assert found.value(0, "v", "decay") == pytest.approx(slope, abs=0.03)
    assert found.flagged("v", "decay", -0.4).tolist() == [slope < -0.4]


def test_a_pitch_jump_is_measured_in_cents() -> None:
    clean, trace = buzzing(pitch=100), trace_of(20, 21, 22)
    version, gap = clean.copy(), trace.gaps()[0]
    version[gap.start : gap.stop] = buzzing(pitch=140)[gap.start : gap.stop]
    cents = 1200 * np.log2(1.4)
    assert measured(version, None, trace).value(0, "v", "pitch_jump") == pytest.approx(cents, abs=40)
    assert measured(clean, None, trace).value(0, "v", "pitch_jump") < 30


@pytest.mark.parametrize("shift_ms", [-2.0, 0.0, 1.5])
def test_the_recovery_lag_is_the_shift_at_the_end(shift_ms: float) -> None:
    noise = np.convolve(np.random.default_rng(4).normal(0, 0.1, 50 * PACKET), np.ones(8) / 8, "same")
    version, trace = noise.copy(), trace_of(20, 21, 22)
    gap, shift = trace.gaps()[0], round(shift_ms * RATE / 1000)
    version[gap.start : gap.stop] = noise[gap.start - shift : gap.stop - shift]
    assert measured(version, noise, trace).value(0, "v", "recovery_lag") == pytest.approx(shift_ms)


def test_without_a_reference_what_needs_one_is_missing() -> None:
    found = measured(buzzing(), None, trace_of(20, 21, 22))
    for measure in MEASURES:
        missing = found.value(0, "v", measure.key) is None
        assert missing == (measure.needs_reference or measure.among is not None), measure.key


def test_edges_at_the_ends_of_the_clip_are_missing() -> None:
    clean, trace = buzzing(), trace_of(0, 1, 48, 49)
    found = measured(clean, clean, trace)
    assert found.value(0, "v", "click_entry") is None
    assert found.value(0, "v", "click_exit") is not None
    assert found.value(1, "v", "level_step_exit") is None
    assert found.value(1, "v", "step_entry") is not None


def test_gap_facts_tell_place_length_and_stratum() -> None:
    clean = buzzing()
    clean[: 12 * PACKET] *= 1e-4
    facts = measured(clean, clean, trace_of(5, *range(20, 29))).gaps
    assert [(f.index, f.start_s, f.length_ms, f.gap.packets) for f in facts] == [
        (1, 0.1, 20.0, 1),
        (2, 0.4, 180.0, 9),
    ]
    assert [(f.active, f.voiced, f.stratum) for f in facts] == [
        (False, False, Stratum.SHORT),
        (True, True, Stratum.MEDIUM),
    ]


def test_without_a_reference_the_received_speech_around_tells_of_activity() -> None:
    clean = buzzing()
    clean[: 12 * PACKET] *= 1e-4
    trace = trace_of(5, 20, 22, 23, 24, 40)
    lossy = apply_loss(Signal.of(clean, RATE), trace)
    facts = measure_gaps(None, {"v": lossy}, trace).gaps
    assert [fact.active for fact in facts] == [False, True, True, True]
    assert facts[3].voiced
    everything = LossTrace.of_packets(np.ones(50, np.bool_), PACKET, RATE)
    assert measure_gaps(None, {"v": lossy}, everything).gaps[0].active is None


def test_thresholds_can_be_moved_and_the_worst_come_first() -> None:
    clean, trace = buzzing(), trace_of(10, 20, 30)
    version = clean.copy()
    for gap, gain in zip(trace.gaps(), (0.5, 0.05, 0.2), strict=True):
        version[gap.start : gap.stop] *= gain
    found = measured(version, clean, trace)
    assert found.worst("v", "energy_error") == [1, 2, 0]
    assert found.flagged("v", "energy_error").tolist() == [False, True, True]
    assert found.flagged("v", "energy_error", 20).tolist() == [False, True, False]
    flags = [row[-1].split() for row in found.table({"energy_error": 3}).rows]
    assert all("energy_error" in keys for keys in flags)
    assert not found.flagged("v", "gap_snr").any()


def test_the_table_has_a_row_for_each_gap_and_version() -> None:
    clean, trace = Signal.of(buzzing(), RATE), trace_of(10, 20)
    table = measure_gaps(clean, {"a": clean, "b": apply_loss(clean, trace)}, trace).table()
    assert [(row[0], row[table.columns.index("version")]) for row in table.rows] == [
        (1, "a"), (1, "b"), (2, "a"), (2, "b"),
    ]  # fmt: skip
    assert to_csv(table).count("\r\n") == 5


def test_the_table_says_by_which_thresholds_it_flags_when_they_are_not_the_measures_own() -> None:
    clean, trace = Signal.of(buzzing(), RATE), trace_of(10)
    found = measure_gaps(clean, {"v": apply_loss(clean, trace)}, trace)
    table = found.table({"energy_error": 3.0, "buzz": 0.25})
    assert table.columns[-2:] == ("thresholds", "flags")
    assert table.rows[0][-2] == "energy_error=3 buzz=0.25"
    assert "thresholds" not in found.table({}).columns


def test_no_gaps_and_short_versions_are_normal() -> None:
    clean = Signal.of(buzzing(), RATE)
    assert measure_gaps(clean, {"v": clean}, trace_of()).table().rows == ()
    short = Signal.of(buzzing(5 * PACKET), RATE)
    found = measure_gaps(clean, {"v": short}, trace_of(2, 20))
    assert found.value(1, "v", "energy_error") < -30


def test_stereo_is_measured_on_the_mean_of_its_channels() -> None:
    clean, trace = buzzing(), trace_of(20)
    stereo = Signal.of(np.stack([clean * 1.5, clean * 0.5], axis=1), RATE)
    found = measure_gaps(Signal.of(clean, RATE), {"v": stereo}, trace)
    assert abs(found.value(0, "v", "energy_error")) < 1e-4


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000 Hz"):
        measure_gaps(None, {"v": Signal.of(buzzing(), 8000)}, trace_of(20))


def test_the_work_can_be_stopped() -> None:
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        measure_gaps(None, {"v": Signal.of(buzzing(), RATE)}, trace_of(20), job)


def test_measures_are_described_for_tables_and_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    for measure in MEASURES:
        head = re.search(rf"\*\*[^*]*`{measure.key}`[^*]*\*\*(?: \*\*R\*\*)? \(([^)]*)\)", manual)
        assert head is not None, measure.key
        unit, *more = head[1].split("; ")
        assert unit.split(" of ")[0] == measure.unit, measure.key
        if measure.threshold is None:
            assert more == ["shown, never flagged"], measure.key
            continue
        sign = "±" if measure.direction is Direction.BOTH else "−" * (measure.threshold < 0)
        assert more == [str(measure.direction), f"flagged from {sign}{abs(measure.threshold):g}"]
    assert measure_named("decay").direction is Direction.LOW
    with pytest.raises(KeyError):
        measure_named("beauty")


def repeated(clean: Signal, trace: LossTrace) -> Signal:
    samples, size = clean.samples.copy(), trace.packet_frames
    for packet in np.flatnonzero(trace.lost[1:]) + 1:
        samples[packet * size : (packet + 1) * size] = samples[(packet - 1) * size : packet * size]
    return Signal(samples, clean.rate)


def test_real_speech_is_told_from_a_hard_repetition(real_clips: Path) -> None:
    clean = read_signal(real_clips / "plc_challenge_examples/clean.wav")
    trace = make_trace("gilbert_elliott", 500, 320, 16000, 3, loss=20, burst=3)
    trace = LossTrace.of_packets(np.concatenate([[False], trace.lost[1:]]), 320, 16000)
    versions = {"clean": clean, "repeat": repeated(clean, trace), "zero": apply_loss(clean, trace)}
    found = measure_gaps(clean, versions, trace)
    active = np.array([facts.active for facts in found.gaps])
    for key in ("click_entry", "click_exit"):
        medians = {name: np.nanmedian(found.column(name, key)[active]) for name in versions}
        assert medians["clean"] < 3
        assert medians["repeat"] > 8
        assert medians["zero"] > 30
        assert np.nanmean(found.flagged("clean", key)[active]) < 0.05


def test_a_neural_concealer_has_no_clicks_but_real_lossy_speech_has(real_clips: Path) -> None:
    folder = real_clips / "challenge2022"
    reference, concealed, lossy = (
        read_signal(folder / name / "54.wav")
        for name in ("X_CleanReference", "tPLCnet", "blind/lossy_signals")
    )
    lost = read_trace(folder / "blind/lossy_signals/54_is_lost.txt").lost
    found = measure_gaps(
        reference, {"net": concealed, "lossy": lossy}, LossTrace.of_packets(lost, 320, 16000)
    )
    assert found.flagged("net", "click_exit").mean() < 0.05
    assert found.flagged("lossy", "click_exit").mean() > 0.6


def test_a_hundred_gaps_of_four_versions_cost_little() -> None:
    rng = np.random.default_rng(5)
    flags = np.zeros(500, np.bool_)
    flags[np.arange(2, 500, 5)[:99]] = True
    flags[3:480:25] = True
    trace = LossTrace.of_packets(flags, 960, 48000)
    clean = Signal.of(rng.normal(0, 0.05, 480_000), 48000)
    versions = {str(i): apply_loss(clean, trace) for i in range(4)}
    measure_gaps(clean, versions, trace)
    assert len(trace.gaps()) == 99
    assert cost(lambda: measure_gaps(clean, versions, trace), rounds=2) < 30


def test_what_follows_from_the_reference_alone_is_made_once_for_all_versions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, levels = [], lsd.levels
    monkeypatch.setattr(lsd, "levels", lambda row, *rest: made.append(row) or levels(row, *rest))
    clean = Signal.of(buzzing(), RATE)
    measure_gaps(clean, {name: apply_loss(clean, trace_of(10)) for name in "abc"}, trace_of(10))
    assert len(made) == 4


def test_a_gap_is_measured_alike_whether_it_lies_on_packets_or_not() -> None:
    clean = buzzing()
    on_packets = trace_of(10, 11, 30)
    lossy = np.where(on_packets.mask(clean.size), 0.0, clean)
    off_packets = LossTrace.of_spans(on_packets.spans, clean.size, RATE)
    one, other = measured(lossy, clean, on_packets), measured(lossy, clean, off_packets)
    assert np.array_equal(one.values["v"], other.values["v"], equal_nan=True)
    assert [facts.gap.packets for facts in one.gaps] == [2, 1]
    assert [facts.gap.packets for facts in other.gaps] == [None, None]
    assert [facts.stratum for facts in one.gaps] == [facts.stratum for facts in other.gaps]
    assert ",40.0,," in to_csv(other.table())


@pytest.mark.parametrize("frames", [1, 2, 7, 48, 1000, 20_000])
@pytest.mark.parametrize("size", [1, 3, 49, 641])
def test_what_slides_along_a_signal_is_scipys_to_the_bit(frames: int, size: int) -> None:
    rng = np.random.default_rng(frames * size)
    signal = np.abs(rng.normal(size=frames)) * 10 ** rng.uniform(-6, 2, frames)
    assert np.array_equal(sliding_maximum(signal, size), maximum_filter1d(signal, size))
    assert np.array_equal(sliding_mean(signal, size), uniform_filter1d(signal, size))


@pytest.mark.parametrize("columns", [1, 2, 7, 626, 641])
def test_medians_are_numpys_to_the_bit(columns: int) -> None:
    rows = np.abs(np.random.default_rng(columns).normal(size=(50, columns))).round(2)
    assert np.array_equal(medians(rows.copy()), np.median(rows, axis=1))


def test_fast_lengths_are_scipys() -> None:
    lengths = [*range(1, 3000), 99_991, 1_000_003]
    assert [fast_length(each) for each in lengths] == [next_fast_len(each, real=True) for each in lengths]
