"""Opening a clip: one clock, and a sentence for each file that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.clips.summary import summarise
from gaplisten.clips.traces import PacketLengthError, packet_frames_at
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.formats import write_trace
from gaplisten.loss.strata import Stratum
from gaplisten.loss.trace import Gap, LossTrace, Origin, Reading


def whole(make, *lost: int, **options: int) -> Clip:
    """Make a clip with a reference, a lossy file, a trace and a condition."""
    return Clip(
        name="a",
        reference=make.sound("clean/a.wav", **options),
        lossy=make.sound("lossy_signals/a.wav", *lost, **options),
        trace=make.trace("lossy_signals/a_is_lost.txt", *lost),
        conditions=(ConditionFile("net", make.sound("net/a.wav", **options)),),
    )


def test_a_whole_clip_opens_without_a_word(make) -> None:
    opened = open_clip(whole(make, 3, 4))
    assert (opened.rate, opened.frames, opened.problems, opened.resampled) == (16000, 8000, (), frozenset())
    assert [(gap.start, gap.stop) for gap in opened.trace.gaps()] == [(960, 1600)]
    assert opened.trace.origin is Origin.FILE
    assert np.array_equal(opened.conditions["net"].samples, opened.reference.samples)


def test_without_a_trace_losses_are_detected_and_marked(make) -> None:
    opened = open_clip(replace(whole(make, 3, 4), trace=None))
    assert np.flatnonzero(opened.trace.lost).tolist() == [3, 4]
    assert opened.trace.origin is Origin.DETECTED
    assert any("detected" in note for note in opened.notes)


def test_digital_silence_in_the_reference_is_not_taken_for_a_loss(make) -> None:
    clip = Clip("a", reference=make.sound("r.wav", 10), lossy=make.sound("l.wav", 3, 10))
    assert np.flatnonzero(open_clip(clip).trace.lost).tolist() == [3]


def test_a_lossy_file_alone_sets_the_clock(make) -> None:
    opened = open_clip(Clip("a", lossy=make.sound("x.wav", 7, rate=48000)))
    assert (opened.rate, opened.reference) == (48000, None)
    assert np.flatnonzero(opened.trace.lost).tolist() == [7]


def test_a_reference_alone_has_no_trace(make) -> None:
    opened = open_clip(Clip("a", reference=make.sound("x.wav")))
    assert (opened.trace, opened.lossy, opened.problems) == (None, None, ())


def test_the_lossy_signal_is_made_when_there_is_none(make) -> None:
    opened = open_clip(replace(whole(make, 3), lossy=None))
    mask = opened.trace.mask(opened.frames)
    assert not opened.lossy.samples[mask].any()
    assert np.array_equal(opened.lossy.samples[~mask], opened.reference.samples[~mask])


def test_all_versions_come_to_the_reference_s_clock(make) -> None:
    clip = replace(
        whole(make, 3, rate=48000),
        lossy=make.sound("low.wav", 3, rate=16000),
        trace=None,
        conditions=(ConditionFile("low", make.sound("c.wav", rate=8000)),),
    )
    opened = open_clip(clip)
    assert opened.rate == 48000
    assert opened.lossy.rate == opened.conditions["low"].rate == 48000
    assert opened.lossy.frames == opened.reference.frames == 24000
    assert opened.resampled == {"lossy", "low"}
    assert np.flatnonzero(opened.trace.lost).tolist() == [3], "found before resampling rang into the zeros"
    assert opened.trace.packet_frames == 960


@pytest.mark.parametrize("rest", [1, 200, 319])
@pytest.mark.parametrize("packets", [24, 25])
def test_a_partial_last_packet_may_have_an_entry_or_not(make, rest: int, packets: int) -> None:
    clip = whole(make, 3, frames=24 * 320 + rest)
    flags = np.zeros(packets, np.bool_)
    flags[3] = True
    write_trace(clip.trace, LossTrace.of_packets(flags, 320, 16000), "challenge")
    opened = open_clip(clip)
    assert opened.problems == ()
    assert opened.trace.packets == 25
    assert opened.frames == 24 * 320 + rest, "the tail is never dropped"


def test_an_opened_trace_tells_by_which_reading_it_came(make) -> None:
    clip = whole(make, 3)
    write_trace(clip.trace, LossTrace.of_packets(np.arange(25) != 3, 320, 16000), "challenge")
    trace = open_clip(replace(clip, trace_format="challenge", trace_inverted=True)).trace
    assert trace.reading == Reading("challenge", inverted=True, path=clip.trace)
    assert trace.gaps() == (Gap(960, 1280, 3, 1),)


def losing(make, name: str, flags: np.ndarray) -> ConditionFile:
    trace = make.root / f"{name}_is_lost.txt"
    write_trace(trace, LossTrace.of_packets(flags, 1, 16000), "challenge")
    return ConditionFile(name, make.sound(f"{name}.wav", seed=1), trace=trace)


def test_a_condition_may_have_losses_of_its_own_in_packets_of_its_own_length(make) -> None:
    clip = whole(make, 3)
    halves = losing(make, "ten_ms", np.isin(np.arange(50), [9, 10]))
    plain = ConditionFile("plain", make.sound("plain.wav", seed=2))
    opened = open_clip(replace(clip, conditions=(halves, plain)))
    assert opened.trace_of("plain") is opened.trace
    assert opened.trace_of("ten_ms").gaps() == (Gap(1440, 1760, 9, 2),)
    assert set(opened.own_traces) == {"ten_ms"}
    assert "ten_ms has losses of its own (4.0 %)" in opened.notes
    assert any("packets of 10 ms (160 frames) fit the sound" in note for note in opened.notes)


def test_losses_that_are_those_of_the_clip_are_not_a_condition_s_own(make) -> None:
    clip = whole(make, 3)
    opened = open_clip(replace(clip, conditions=(losing(make, "same", np.arange(25) == 3),)))
    assert not opened.own_traces
    assert opened.trace_of("same") is opened.trace


def test_of_a_condition_whose_own_losses_cannot_be_used_nothing_is_known(make) -> None:
    clip = whole(make, 3)
    opened = open_clip(replace(clip, conditions=(losing(make, "odd", np.zeros(33, bool)),)))
    assert opened.own_traces == {"odd": None}
    assert opened.trace_of("odd") is None
    assert "losses of odd: " in opened.problems[0]
    assert "has 33 packets, the sound has 25 of 20 ms" in opened.problems[0]


@pytest.mark.parametrize("packets", [1, 23, 26, 49])
def test_a_trace_of_another_length_is_not_used_and_both_counts_are_named(make, packets: int) -> None:
    clip = whole(make, 3)
    write_trace(clip.trace, LossTrace.of_packets(np.zeros(packets, np.bool_), 320, 16000), "challenge")
    opened = open_clip(clip)
    assert opened.trace is None
    assert f"has {packets} packets, the sound has 25 of 20 ms" in opened.problems[0]
    assert opened.reference is not None
    assert opened.lossy is not None


def test_the_packet_length_that_plainly_fits_is_taken_and_said(make) -> None:
    clip = whole(make, 3)
    flags = np.repeat(make.flags(3), 2)
    write_trace(clip.trace, LossTrace.of_packets(flags, 160, 16000), "challenge")
    opened = open_clip(clip)
    assert opened.trace.spans.tolist() == [[960, 1280]]
    assert opened.trace.grid.length == 160
    assert any(note.endswith("packets of 10 ms (160 frames) fit the sound") for note in opened.notes)
    assert summarise(clip).longest_ms == 20.0
    assert open_clip(replace(clip, packet_frames=160)).trace.grid.length == 160


def test_a_packet_length_that_was_said_is_not_exchanged_for_another(make) -> None:
    clip = whole(make, 3)
    write_trace(clip.trace, LossTrace.of_packets(np.zeros(50, np.bool_), 160, 16000), "challenge")
    for said in ({"packet_ms": 40.0}, {"packet_frames": 640}):
        problem = open_clip(replace(clip, **said)).problems[0]
        assert "set the packet length to 10 ms (160 frames), with which it fits" in problem


def test_a_flag_for_each_sample_is_a_trace_in_packets_of_their_common_length(make) -> None:
    clip = replace(whole(make, 3, 9), trace=make.root / "mask.npy")
    np.save(clip.trace, np.repeat(make.flags(3, 9), 320).astype(np.int64))
    opened = open_clip(clip)
    assert opened.trace.spans.tolist() == [[960, 1280], [2880, 3200]]
    assert "one entry per sample" in opened.notes[0]


@pytest.mark.parametrize(
    ("shift", "spans"), [(100, [[1060, 1380]]), (-100, [[860, 1180]]), (640, [[1600, 1920]])]
)
def test_losses_may_be_told_to_lie_elsewhere(make, shift: int, spans: list[list[int]]) -> None:
    trace = open_clip(replace(whole(make, 3), trace_shift=shift)).trace
    assert trace.spans.tolist() == spans


def test_letters_in_a_trace_are_named_with_their_line(make) -> None:
    clip = whole(make, 3)
    clip.trace.write_text("0\n0\nlost\n")
    opened = open_clip(clip)
    assert "line 3 holds 'l'" in opened.problems[0]
    assert str(clip.trace) in opened.problems[0]


@pytest.mark.parametrize("many", [range(3, 20), [3]])
def test_exact_zeros_tell_what_a_doubtful_trace_means(make, many) -> None:
    lost = [i in many for i in range(25)]
    clip = whole(make, *many)
    mask = clip.trace.with_name("mask.txt")
    ones_are_lost = sum(lost) > 12
    mask.write_text("".join(f"{int(flag == ones_are_lost)}\n" for flag in lost))
    opened = open_clip(replace(clip, trace=mask))
    assert opened.trace.lost.tolist() == lost
    assert "exact zeros in the lossy file" in opened.notes[0]
    assert summarise(replace(clip, trace=mask)).loss_rate == sum(lost) / 25
    other = replace(
        clip, trace=mask, lossy=make.sound("other/a.wav", 1, 22)
    )  # zeros that fit neither reading
    assert "say which format it is: challenge (" in open_clip(other).problems[0]


def test_a_trace_whose_format_is_doubtful_is_asked_about_and_can_be_settled(make) -> None:
    clip = replace(whole(make, 3), lossy=None)
    mask = clip.trace.with_name("mask.txt")
    mask.write_text("".join("0\n" if i == 3 else "1\n" for i in range(25)))
    opened = open_clip(replace(clip, trace=mask))
    assert opened.trace is None
    assert "say which format it is: challenge (" in opened.problems[0]
    for settled in ({"trace_format": "frn"}, {"trace_format": "challenge", "trace_inverted": True}):
        assert np.flatnonzero(open_clip(replace(clip, trace=mask, **settled)).trace.lost).tolist() == [3]


def test_erasure_patterns_repeat_and_lost_samples_bring_their_packet(make) -> None:
    clip = whole(make)
    pattern = make.root / "p.g192"
    write_trace(pattern, LossTrace.of_packets(np.array([0, 0, 0, 0, 1], np.bool_), 320, 16000), "g192_word")
    opened = open_clip(replace(clip, trace=pattern))
    assert np.flatnonzero(opened.trace.lost).tolist() == [4, 9, 14, 19, 24]
    assert opened.notes == (
        f"{pattern.name}: has 5 packets, the sound has 25: starts again from the beginning",
    )
    write_trace(pattern, LossTrace.of_packets(np.zeros(30, np.bool_), 320, 16000), "g192_word")
    assert "the rest of it is not used" in open_clip(replace(clip, trace=pattern)).notes[0]
    samples = make.root / "samples.txt"
    write_trace(samples, LossTrace.of_packets(np.array([0, 1, 0], np.bool_), 160, 16000), "lost_samples")
    trace = open_clip(replace(clip, trace=samples)).trace
    assert [(gap.start, gap.stop) for gap in trace.gaps()] == [(160, 320)]


def test_of_doubtful_readings_the_one_that_fits_the_sound_is_taken(make) -> None:
    clip = whole(make)
    path = make.root / "list.txt"
    path.write_text("".join(f"{each}\n" for each in range(1000, 1024) if each not in (1003, 1004)))
    opened = open_clip(replace(clip, lossy=None, trace=path))
    assert np.flatnonzero(opened.trace.lost).tolist() == [3, 4, 24]
    assert any("read as received_packets: no other reading fits" in note for note in opened.notes)


def test_intervals_lie_on_packets_or_are_gaps_of_their_own(make) -> None:
    clip = whole(make)
    path = make.root / "gaps.csv"
    path.write_text("start_s,end_s\n0.02,0.06\n0.1,0.12\n")
    opened = open_clip(replace(clip, trace=path))
    assert np.flatnonzero(opened.trace.lost).tolist() == [1, 2, 5]
    assert any("all gaps lie on packets of 20 ms" in note for note in opened.notes)
    path.write_text("start_s,end_s\n0.02,0.0653\n0.1,0.12\n")
    opened = open_clip(replace(clip, trace=path))
    assert opened.trace.grid is None
    assert opened.trace.spans[0].tolist() == [320, 1045]
    assert any("lie on no packets" in note for note in opened.notes)
    path.write_text("start_s,end_s\n0.02,0.06\n90,91\n")
    assert "has a gap at 90.000 s, the sound ends at" in open_clip(replace(clip, trace=path)).problems[0]


def bad_files(make) -> dict[str, Path]:
    root = make.root
    make.sound("bad/whole.wav")
    data = (root / "bad/whole.wav").read_bytes()
    (root / "bad/truncated.wav").write_bytes(data[:3000])
    (root / "bad/text.wav").write_text("no sound at all\n")
    (root / "bad/empty.wav").write_bytes(b"")
    soundfile.write(root / "bad/nan.wav", np.array([0.1, np.nan]), 16000, subtype="FLOAT")
    soundfile.write(root / "bad/zero.wav", np.zeros((0, 1)), 16000)
    soundfile.write(root / "bad/eight.wav", np.zeros((100, 8)), 16000)
    names = ("truncated", "text", "empty", "nan", "zero", "eight", "missing")
    return {name: root / f"bad/{name}.wav" for name in names}


def test_bad_files_become_sentences_and_the_others_go_on(make) -> None:
    good = whole(make, 3)
    before = {path for path in make.root.rglob("*") if "bad" not in path.parts}
    for name, path in bad_files(make).items():
        condition = open_clip(replace(good, conditions=(*good.conditions, ConditionFile("bad", path))))
        assert list(condition.conditions) == ["net"], name
        lossy = open_clip(replace(good, lossy=path))
        assert lossy.lossy is None
        assert lossy.trace is not None
        reference = open_clip(replace(good, reference=path))
        assert reference.reference is None
        assert reference.rate == 16000
        for opened in (condition, lossy, reference):
            (problem,) = opened.problems
            assert str(path) in problem
            assert ";" in problem, "fact and way out"
    assert {path for path in make.root.rglob("*") if "bad" not in path.parts} == before, "nothing was written"


def test_a_clip_of_nothing_but_bad_files_is_still_a_value(make) -> None:
    path = bad_files(make)["text"]
    opened = open_clip(Clip("a", reference=path, lossy=path))
    assert (opened.rate, opened.frames, opened.trace, len(opened.problems)) == (0, 0, None, 2)


def test_samples_beyond_full_scale_are_noted(make) -> None:
    path = make.root / "loud.wav"
    make.sound("clean/a.wav")
    soundfile.write(path, np.array([0.5, 1.4, -0.2]), 16000, subtype="FLOAT")
    opened = open_clip(Clip("a", reference=path))
    assert opened.problems == ()
    assert "beyond full scale" in opened.notes[0]


def test_stereo_clips_keep_their_channels(make) -> None:
    path = make.root / "stereo.flac"
    make.sound("x.wav")
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (640, 2)), 16000)
    assert open_clip(Clip("a", reference=path)).reference.channels == 2


@pytest.mark.parametrize(
    ("packet_ms", "rate", "frames"), [(20, 16000, 320), (10, 8000, 80), (11.61, 44100, 512), (20, 22050, 441)]
)
def test_packets_are_whole_frames(packet_ms: float, rate: int, frames: int) -> None:
    assert packet_frames_at(packet_ms, rate, "x") == frames


def test_a_packet_that_would_drift_is_refused(make) -> None:
    with pytest.raises(PacketLengthError, match=r"220\.50 frames at 11025 Hz.*for instance 40 or 80 ms"):
        packet_frames_at(20, 11025, "x")
    with pytest.raises(PacketLengthError, match=r"41\.4743 ms: 512 frames"):
        packet_frames_at(20, 12345, "x")
    assert packet_frames_at(40, 11025, "x") == 441
    assert packet_frames_at(41.4743, 12345, "x") == 512
    opened = open_clip(Clip("a", lossy=make.sound("x.wav", rate=11025)))
    assert opened.lossy is not None
    assert "not a whole number" in opened.problems[0]


def test_opening_reports_progress_and_can_be_stopped(make) -> None:
    seen = []

    class Watched(Job):
        def check(self, fraction: float, message: str = "") -> None:
            super().check(fraction, message)
            seen.append(self.fraction)

    open_clip(whole(make, 3), Watched())
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        open_clip(whole(make, 3), job)


def test_a_summary_reads_only_the_trace(make) -> None:
    clip = whole(make, 1, 5, 6, 7, 8, 9, 10, 11)
    for path in (clip.reference, clip.lossy, clip.conditions[0].path):
        path.write_bytes(b"")
    found = summarise(clip)
    assert (found.loss_rate, found.gaps, found.longest_ms) == (8 / 25, 2, 140.0)
    assert (found.stratum, found.detected) == (Stratum.MEDIUM, False)


def test_a_summary_without_a_trace_is_detected(make) -> None:
    found = summarise(replace(whole(make, 2, 3), trace=None))
    assert (found.gaps, found.longest_ms, found.detected) == (1, 40.0, True)
    assert summarise(Clip("a", reference=make.sound("r.wav"))) is None
    assert summarise(Clip("a", inline_trace=(True, False), packet_ms=10)).longest_ms == 10.0


def test_a_summary_continues_a_pattern_as_its_format_says(make) -> None:
    clip = replace(whole(make), trace=make.root / "p.g192")
    write_trace(
        clip.trace, LossTrace.of_packets(np.array([0, 0, 0, 0, 1], np.bool_), 320, 16000), "g192_word"
    )
    assert (summarise(clip).gaps, summarise(clip).loss_rate) == (5, 0.2)
    assert summarise(replace(clip, lossy=None)).gaps == 5


def test_versions_of_another_length_are_noted(make) -> None:
    clip = replace(whole(make, 3), conditions=(ConditionFile("net", make.sound("n.wav", frames=8240)),))
    opened = open_clip(clip)
    assert opened.conditions["net"].frames == 8240
    assert "net is 240 frames (15.0 ms) longer than the reference" in opened.notes


def test_a_summary_of_a_bad_trace_is_an_error(make) -> None:
    clip = whole(make)
    clip.trace.write_text("abc")
    with pytest.raises(GaplistenError, match="line 1"):
        summarise(clip)


def test_real_clips_open_with_gaps_that_are_zero_in_the_lossy_file(real_clips: Path) -> None:
    for clip in find_clips([real_clips / "challenge2022"]).clips:
        opened = open_clip(clip)
        assert opened.problems == ()
        mask = opened.trace.mask(opened.lossy.frames)
        assert not opened.lossy.samples[mask].any()
        detected = open_clip(replace(clip, trace=None))
        assert np.array_equal(detected.trace.lost, opened.trace.lost)


def test_losses_off_the_expected_packets_are_found_and_said(make) -> None:
    lossy = make.sound("lossy/a.wav", 3, 7, 8, 15)
    samples, rate = soundfile.read(lossy)
    soundfile.write(lossy, samples[100:], rate)
    opened = open_clip(Clip("a", lossy=lossy))
    assert opened.trace.spans.tolist() == [[860, 1180], [2140, 2780], [4700, 5020]]
    assert any("begins 100 frames before the sound" in note for note in opened.notes)
    summary = summarise(Clip("a", lossy=lossy))
    assert (summary.gaps, summary.longest_ms, summary.detected) == (3, 40.0, True)


def test_detected_packets_that_are_not_whole_at_the_clips_rate_become_gaps_without_packets(make) -> None:
    reference = make.sound("clean/a.wav", rate=44100)
    lossy = make.sound("lossy/a.wav", rate=16000)
    samples, rate = soundfile.read(lossy)
    lost = np.isin(np.arange(samples.size // 128), (5, 9, 10, 30, 41))
    samples[np.flatnonzero(np.repeat(lost, 128))] = 0
    soundfile.write(lossy, samples, rate)
    opened = open_clip(Clip("a", reference=reference, lossy=lossy))
    assert opened.trace.grid is None
    assert [round(1000 * gap.frames / 44100) for gap in opened.trace.gaps()] == [8, 16, 8, 8]


def test_that_no_losses_are_known_is_said(make) -> None:
    opened = open_clip(Clip("a", reference=make.sound("c.wav"), lossy=make.sound("l.wav")))
    assert any(note.startswith("no losses are known") for note in opened.notes)
