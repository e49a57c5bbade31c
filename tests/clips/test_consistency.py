"""What does not belong together is noticed, with what would; right set-ups are never called wrong."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from gaplisten.audio.signal import Signal
from gaplisten.clips.checking import checked
from gaplisten.clips.clip import Clip, OpenClip
from gaplisten.clips.consistency import Doubt, doubts_about
from gaplisten.clips.layouts import demo_clips, find_clips
from gaplisten.clips.likeness import alike_in_blocks, are_alike_in_blocks, envelope_of
from gaplisten.clips.opening import open_clip
from gaplisten.clips.traces import shifted
from gaplisten.loss.trace import LossTrace


@pytest.fixture(scope="module")
def demo() -> list[OpenClip]:
    return [open_clip(clip) for clip in demo_clips().clips]


def kinds(opened: OpenClip) -> list[tuple[str, str]]:
    return [(doubt.kind, doubt.about) for doubt in doubts_about(opened)]


def only(opened: OpenClip, **others) -> Doubt:
    (doubt,) = doubts_about(opened, **others)
    return doubt


def as_signal(samples: np.ndarray, rate: int) -> Signal:
    return Signal.of(np.asarray(samples, np.float32), rate)


def made_of(clean: np.ndarray, lossy: np.ndarray, rate: int, way: str) -> np.ndarray:
    random = np.random.default_rng(1)
    low = lfilter(*butter(4, 3000 / (rate / 2)), clean)
    ways = {
        "equal": lossy,
        "a codec": low + 0.05 * np.abs(low) * random.standard_normal(len(low)),
        "another gain": 0.2 * clean,
        "another sign": -0.5 * clean,
        "a delay": np.concatenate([np.zeros(2000), clean]),
        "noise in the gaps": np.where(lossy == 0, 2e-5 * random.standard_normal(len(lossy)), lossy),
        "a jitter buffer": np.concatenate(
            [clean[:rate], clean[rate + 960 : 2 * rate], clean[2 * rate - 640 :]]
        ),
    }
    return ways[way]


WAYS = ("equal", "a codec", "another gain", "another sign", "a delay", "noise in the gaps", "a jitter buffer")


@pytest.mark.parametrize("way", WAYS)
def test_right_set_ups_are_not_called_wrong(demo, way: str) -> None:
    for opened in demo:
        clean, lossy = opened.reference.samples[:, 0], opened.lossy.samples[:, 0]
        version = as_signal(made_of(clean, lossy, opened.rate, way), opened.rate)
        assert kinds(replace(opened, lossy=version)) == []
        assert kinds(replace(opened, conditions={"net": version})) == []


def decoded(opened: OpenClip, late: int = 0) -> OpenClip:
    """Put a codec in the way that conceals what was lost, repeating what came before ever more quietly."""
    clean = opened.reference.samples[:, 0]
    sound = made_of(clean, clean, opened.rate, "a codec")
    size, level = opened.trace.grid.length, 1.0
    for packet, lost in enumerate(opened.trace.lost):
        level = level * 0.4 if lost else 1.0
        if lost and packet:
            piece = sound[packet * size : (packet + 1) * size]
            piece[:] = (0.4 * sound[(packet - 1) * size : packet * size])[: len(piece)]
    return replace(
        opened, lossy=as_signal(np.concatenate([np.zeros(late), sound])[: len(sound)], opened.rate)
    )


@pytest.mark.parametrize("late", [0, 400])
def test_a_trace_is_held_against_a_decoders_output_too(demo, late: int) -> None:
    for opened in (decoded(each, late) for each in demo[3:]):  # with as much loss as tells
        trace = opened.trace
        assert kinds(opened) == []
        turned = LossTrace.of_packets(~trace.lost, trace.grid.length, trace.rate).fitted(trace.frames)
        doubt = only(replace(opened, trace=turned))
        assert "1 means received" in doubt.cure
        assert doubt.change.of(opened.clip).trace_inverted


def test_a_trace_beside_a_decoders_output_is_noticed_where_bursts_are_short(demo) -> None:
    opened = decoded(demo[3])
    packet = opened.trace.grid.length
    doubt = only(replace(opened, trace=shifted(opened.trace, 20 * packet)))
    assert abs(doubt.change.trace_shift + 20 * packet) <= 2 * packet
    assert "it fits about" in doubt.cure


def test_a_decoders_output_alone_is_held_against_the_trace_where_there_is_no_lossy_file(demo) -> None:
    for opened in map(decoded, demo[3:]):
        trace = opened.trace
        alone = replace(
            opened, clip=replace(opened.clip, lossy=None), lossy=None, conditions={"net": opened.lossy}
        )
        assert kinds(alone) == []
        turned = LossTrace.of_packets(~trace.lost, trace.grid.length, trace.rate).fitted(trace.frames)
        assert only(replace(alone, trace=turned)).change.inverted


def test_zeros_that_come_late_out_of_a_decoder_are_no_losses_that_a_trace_misses(demo) -> None:
    for opened in demo:
        clean = opened.reference.samples[:, 0]
        sound = made_of(clean, clean, opened.rate, "a codec")
        for gap in opened.trace.gaps():
            start, stop = gap.start + 200, min(gap.stop + 112, len(sound))  # ringing, then its delay
            sound[start:stop] = 0.0
        assert kinds(replace(opened, lossy=as_signal(sound, opened.rate))) == []
        moved = replace(opened, trace=shifted(opened.trace, 2000), lossy=as_signal(sound, opened.rate))
        assert kinds(moved) == [("trace", "trace")]


def test_tones_are_alike_though_their_energy_does_not_move() -> None:
    seconds = np.arange(32000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 440 * seconds)
    lossy = tone.copy()
    for start in (3200, 9600, 16000):
        lossy[start : start + 320] = 0
    clip = Clip("tone", lossy="tone.wav")
    assert kinds(OpenClip(clip, 16000, as_signal(tone, 16000), as_signal(lossy, 16000), None, {})) == []


def test_the_reference_of_something_else_is_noticed(demo) -> None:
    for opened, other in zip(demo, demo[1:] + demo[:1], strict=True):
        doubt = only(replace(opened, reference=other.reference))
        assert (doubt.kind, doubt.about) == ("reference", "reference")
        others = {each.clip.name: each.clip.reference for each in demo}
        wrong = replace(opened.clip, reference=other.clip.reference)
        found = only(replace(opened, reference=other.reference, clip=wrong), others=others)
        assert found.change.of(wrong).reference == opened.clip.reference
        assert str(opened.clip.reference) in found.cure


class Countless(dict):
    """References of a set so large that nobody lists all of them for one clip."""

    def items(self):
        for number, each in enumerate(super().items()):
            assert number <= 200
            yield each


def test_of_a_huge_set_only_the_first_references_are_looked_through(demo) -> None:
    opened, other = demo[0], demo[1]
    wrong = replace(opened.clip, reference=other.clip.reference)
    others = Countless({str(number): wrong.reference for number in range(1000)})
    found = only(replace(opened, reference=other.reference, clip=wrong), others=others)
    assert "choose the right one" in found.cure


def test_a_condition_that_is_something_else_is_named_where_the_others_agree(demo) -> None:
    first, second = demo[:2]
    versions = {"net": first.lossy, "odd": second.lossy}
    assert kinds(replace(first, conditions=versions)) == [("condition", "odd")]
    alone = replace(first, reference=None, conditions={"net": first.lossy, "odd": second.lossy})
    assert kinds(alone) == [("condition", "odd")]
    assert not only(alone).touches_all


def test_versions_of_which_no_two_are_alike_may_be_read_the_wrong_way_round(demo) -> None:
    first, second, third = demo[:3]
    clip = replace(first.clip, lossy=None)
    conditions = {"sample_2": second.reference, "sample_3": third.reference}
    doubt = only(replace(first, clip=clip, lossy=None, trace=None, conditions=conditions))
    assert "the wrong way round" in doubt.fact


def test_exchanged_files_are_noticed(demo) -> None:
    for opened in demo:
        doubt = only(replace(opened, reference=opened.lossy, lossy=opened.reference, trace=None))
        assert doubt.kind == "swapped"
        exchanged = doubt.change.of(
            replace(opened.clip, reference=opened.clip.lossy, lossy=opened.clip.reference)
        )
        assert exchanged.reference == opened.clip.reference


def stereo(opened: OpenClip, left: np.ndarray, right: np.ndarray) -> OpenClip:
    both = as_signal(np.stack([left, right], axis=1), opened.rate)
    return replace(opened, clip=replace(opened.clip, lossy=None), reference=both, lossy=None, trace=None)


def test_two_versions_in_the_channels_of_one_file_are_noticed(demo) -> None:
    for opened in demo:
        clean, lossy = opened.reference.samples[:, 0], opened.lossy.samples[:, 0]
        doubt = only(stereo(opened, clean, lossy))
        assert doubt.kind == "channels"
        assert "remix 1" in doubt.cure
        other = demo[0].reference.samples[: len(clean), 0]
        count = min(len(other), len(clean))
        mixed = 0.7 * clean[:count] + 0.2 * np.roll(other[:count], 100)
        assert kinds(stereo(opened, clean, clean)) == []
        assert kinds(stereo(opened, mixed, clean[:count])) == []


def test_an_inverted_trace_is_noticed(demo) -> None:
    for opened in demo:
        trace = opened.trace
        turned = LossTrace.of_packets(~trace.lost, trace.grid.length, trace.rate).fitted(trace.frames)
        doubt = only(replace(opened, trace=turned))
        assert doubt.kind == "trace"
        assert "1 means received" in doubt.cure
        assert doubt.change.of(opened.clip).trace_inverted


def test_an_inverted_trace_is_noticed_where_what_was_lost_is_quiet_but_not_zero(demo) -> None:
    for opened in demo:
        random = np.random.default_rng(1)
        samples, mask = opened.reference.samples[:, 0].copy(), opened.trace.mask(opened.frames)
        samples[mask] = 2e-5 * random.standard_normal(int(mask.sum()))
        lossy, trace = as_signal(samples, opened.rate), opened.trace
        turned = LossTrace.of_packets(~trace.lost, trace.grid.length, trace.rate).fitted(trace.frames)
        assert kinds(replace(opened, lossy=lossy)) == []
        doubt = only(replace(opened, lossy=lossy, trace=turned))
        assert doubt.kind == "trace"
        assert doubt.change is not None
        assert doubt.change.of(opened.clip).trace_inverted


@pytest.mark.parametrize("shift", [37, 100, 320, -320, 1000])
def test_a_trace_that_lies_beside_its_sound_is_noticed(demo, shift: int) -> None:
    for opened in demo:
        doubt = only(replace(opened, trace=shifted(opened.trace, shift)))
        assert doubt.change.trace_shift == -shift


def test_silence_that_a_caller_did_not_send_is_no_loss_that_a_trace_misses(demo) -> None:
    opened = demo[0]
    samples = opened.lossy.samples.copy()
    for start in (0.7, 2.1):
        samples[round(start * opened.rate) : round((start + 0.6) * opened.rate)] = 0.0
    call = replace(opened, lossy=as_signal(samples, opened.rate), reference=None)
    call = replace(call, clip=replace(opened.clip, reference=None))
    assert kinds(call) == []
    assert kinds(replace(call, trace=shifted(opened.trace, 320))) == [("trace", "trace")]
    begun = opened.trace.lost & (np.arange(opened.trace.lost.size) < 60)
    fewer = LossTrace.of_packets(begun, 320, opened.rate)
    assert kinds(replace(call, trace=fewer)) == [("trace", "trace")]


def test_what_a_noise_gate_made_zero_beside_a_gap_is_no_loss_that_a_trace_misses(demo) -> None:
    opened = demo[1]
    samples = opened.lossy.samples.copy()
    level = np.convolve(np.abs(samples[:, 0]), np.ones(400) / 400, "same")
    samples[level < 0.003] = 0.0
    gated = replace(opened, lossy=as_signal(samples, opened.rate))
    assert kinds(gated) == []
    assert kinds(replace(gated, trace=shifted(opened.trace, 320))) == [("trace", "trace")]


def test_quiet_sound_that_mu_law_made_zero_is_no_loss_that_a_trace_misses(demo) -> None:
    for opened in demo:
        clean = opened.reference.samples[:, 0].copy()
        pause = slice(len(clean) // 2, len(clean) // 2 + 6400)
        clean[pause] = np.tile(np.float32([2, -2, 1, -3]) / 32768, 1600)
        coded = np.where(np.abs(clean) <= 4 / 32768, 0, clean)
        damaged = np.where(opened.trace.mask(len(clean)), 0, coded)
        heard = replace(
            opened, reference=as_signal(clean, opened.rate), lossy=as_signal(damaged, opened.rate)
        )
        assert kinds(heard) == []


def concealed_only(opened: OpenClip) -> OpenClip:
    """Leave the reference, the trace, and one version that goes on with half the level in its gaps."""
    mask = opened.trace.mask(opened.reference.frames)[:, np.newaxis]
    made = np.where(mask, 0.5 * opened.reference.samples, opened.reference.samples).astype(np.float32)
    clip = replace(opened.clip, lossy=None)
    return replace(opened, clip=clip, lossy=None, conditions={"plc": Signal(made, opened.rate)})


def test_a_version_alone_tells_that_the_trace_is_of_another_clip_start_or_polarity(demo) -> None:
    for opened in map(concealed_only, demo):
        assert kinds(opened) == []
    for opened in map(concealed_only, demo[:2]):  # of short gaps, few of which still meet when moved
        trace = opened.trace
        assert only(replace(opened, trace=shifted(trace, 4800))).change.trace_shift == -4800
        turned = LossTrace.of_packets(~trace.lost, trace.grid.length, trace.rate).fitted(trace.frames)
        assert only(replace(opened, trace=turned)).change.inverted
        lost = np.roll(trace.lost, len(trace.lost) // 2)[::-1].copy()
        doubt = only(replace(opened, trace=LossTrace.of_packets(lost, trace.grid.length, trace.rate)))
        assert (doubt.kind, doubt.about) == ("trace", "trace")
        assert doubt.fact.endswith("lies elsewhere in plc")


def test_another_packet_length_is_noticed_where_the_format_goes_on_by_itself(make) -> None:
    lost = [5, 6, 20, 31]
    samples = np.random.default_rng(0).uniform(0.01, 0.4, 16000)
    clean = as_signal(samples, 16000)
    damaged = samples.copy()
    for packet in lost:
        damaged[packet * 160 : (packet + 1) * 160] = 0
    flags = np.zeros(50, np.bool_)
    flags[lost] = True
    clip = Clip("a", lossy="a.wav")
    opened = OpenClip(clip, 16000, clean, as_signal(damaged, 16000), None, {})
    right = LossTrace.of_packets(flags, 160, 16000)
    assert kinds(replace(opened, trace=right)) == []
    doubt = only(replace(opened, trace=LossTrace.of_packets(flags, 320, 16000)))
    assert doubt.change.packet_frames == 160
    assert doubt.change.option == "--packet-ms 10"


def test_all_clips_of_a_set_are_checked_or_some_spread_over_it(make) -> None:
    for number in range(5):
        make.sound(f"clean/{number}.wav", seed=number)
        make.sound(f"lossy/{number}.wav", 3, seed=number)
        make.trace(f"lossy/{number}_is_lost.txt", *([3] if number != 4 else [9]))
    found = find_clips([make.root])
    assert [(each.clip, len(each.doubts)) for each in checked(found)] == [
        *((str(n), 0) for n in range(4)),
        ("4", 1),
    ]
    assert [each.clip for each in checked(found, most=2)] == ["0", "2"]


def long_one(opened: OpenClip, times: int, *, cut_at: float | None = None) -> OpenClip:
    """Return a clip said over and over; from `cut_at` seconds on its trace has lost three packets."""
    size = opened.trace.grid.length
    frames = opened.frames // size * size
    clean, lost = opened.reference.samples[:frames], opened.trace.lost[: frames // size]
    whole, flags = np.tile(clean, (times, 1)), np.tile(lost, times)
    lossy = np.where(np.repeat(flags, size)[:, None], 0, whole).astype(np.float32)
    if cut_at is not None:
        at = round(cut_at * opened.rate) // size
        flags = np.concatenate([flags[:at], flags[at + 3 :], flags[:3]])
    trace = LossTrace.of_packets(flags, size, opened.rate)
    sounds = (Signal(samples, opened.rate) for samples in (whole, lossy))
    return replace(
        opened, **dict(zip(("reference", "lossy"), sounds, strict=True)), trace=trace, conditions={}
    )


def test_a_trace_that_goes_wrong_after_some_minutes_is_noticed_with_the_place(demo) -> None:
    assert doubts_about(long_one(demo[0], 40)) == ()
    doubt = only(long_one(demo[0], 40, cut_at=150))
    assert doubt.fact.startswith("from about 140 s on, ")
    assert "exact zeros in the lossy file are received by the trace" in doubt.fact
    assert "it fits at the beginning" in doubt.cure
    assert doubt.change is None


def test_sounds_that_are_the_references_only_for_some_minutes_are_noticed_with_the_place(demo) -> None:
    whole = long_one(demo[0], 40)
    other = np.resize(demo[1].reference.samples[:, 0], whole.frames)
    clean = whole.reference.samples[:, 0]
    joined = np.where(np.arange(whole.frames) < 150 * whole.rate, clean, other)
    drifted = np.roll(clean, round(1.2 * whole.rate))
    later = np.where(np.arange(whole.frames) < 150 * whole.rate, clean, drifted)
    versions = {name: as_signal(each, whole.rate) for name, each in (("odd", joined), ("drifted", later))}
    doubt = only(replace(whole, conditions=versions))
    assert (doubt.kind, doubt.about) == ("condition", "odd")
    at = (120 + whole.frames / whole.rate - 20) / 2
    assert doubt.fact == f"at {at:.0f} s, odd sounds like something else than the reference"


def test_sounds_are_looked_at_in_the_middle_of_what_comes_after_two_minutes(demo) -> None:
    whole = long_one(demo[0], 40)
    seconds, clean = whole.frames / whole.rate, whole.reference.samples[:, 0]
    middle = (120 + seconds - 20) / 2
    time = np.arange(whole.frames) / whole.rate
    other = np.resize(demo[1].reference.samples[:, 0], whole.frames)
    version = np.where((time >= middle) & (time < middle + 20), other, clean)
    doubt = only(replace(whole, conditions={"odd": as_signal(version, whole.rate)}))
    assert doubt.fact == f"at {middle:.0f} s, odd sounds like something else than the reference"


def with_own(opened: OpenClip, trace: LossTrace) -> OpenClip:
    """Return a clip with a second version that met losses of its own, which are said to be this trace."""
    size = opened.trace.grid.length // 2
    met = LossTrace.of_packets(np.arange(2 * opened.trace.packets) % 19 == 5, size, opened.rate)
    samples = opened.reference.samples[:, 0].copy()
    samples[met.fitted(len(samples)).mask(len(samples))] *= 0.3
    own = met.fitted(len(samples)) if trace is None else trace
    return replace(
        opened, conditions={"net": as_signal(samples, opened.rate)}, own_traces={"net": own}, trace=None
    )


def test_a_trace_of_one_version_is_compared_with_that_version(demo) -> None:
    for opened in demo:
        assert kinds(with_own(opened, None)) == []
        doubt = only(with_own(opened, opened.trace))
        assert (doubt.kind, doubt.about) == ("condition", "net")
        assert doubt.fact.startswith("losses of net: ")
        assert not doubt.touches_all
        right = with_own(opened, None).own_traces["net"]
        turned = LossTrace.of_packets(~right.lost, right.grid.length, right.rate).fitted(right.frames)
        assert "it fits turned round" in only(with_own(opened, turned)).cure


@pytest.mark.parametrize(("late", "noise"), [(0, 0.02), (800, 0.02), (-1600, 0.2)])
def test_the_short_way_to_whether_sounds_are_alike_says_what_the_long_one_does(
    demo: list[OpenClip], late: int, noise: float
) -> None:
    speech = demo[0].reference
    other = np.roll(speech.mono, late) + noise * np.random.default_rng(0).standard_normal(speech.frames)
    for samples in (other, other[: len(other) // 2], other[::-1], np.zeros(99)):
        second = as_signal(samples, speech.rate)
        value = alike_in_blocks(speech, second)
        for least in (0.55, 0.9):
            wanted = None if np.isnan(value) else value >= least
            assert are_alike_in_blocks(speech, second, least) == wanted


def test_long_sound_is_compared_in_little_more_room_than_it_takes() -> None:
    frames, rate = 30 * 48000, 48000
    rng = np.random.default_rng(2)
    clean = rng.normal(0.0, 0.1, frames).astype(np.float32)
    lost = rng.random(frames // 960) < 0.1
    damaged = np.where(np.repeat(lost, 960), np.float32(0), clean)
    trace = LossTrace.of_packets(lost, 960, rate)
    opened = OpenClip(
        Clip("a", lossy="a.wav"), rate, as_signal(clean, rate), as_signal(damaged, rate), trace, {}
    )
    tracemalloc.start()
    try:
        assert kinds(opened) == []
        envelope_of(opened.reference)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20 * frames  # bytes; samples take four each
