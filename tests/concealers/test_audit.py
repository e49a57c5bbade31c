"""What an audit measures, and which plugins it catches lying."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.audit import audit
from gaplisten.concealers.audit_material import demo_speech, disturbed, make_material, new_speech, places
from gaplisten.concealers.audit_measures import best_lag
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Audit, Verdict
from gaplisten.jobs import Job, JobCancelled
from kit.plugin_folder import bundled, entry_of, noise, whole_file

SPEECH = noise(3.0)


def look(entry: Entry) -> Audit:
    return audit(entry, {}, SPEECH, seed=7, seconds=2.0, disturbances=12)


def test_an_honest_causal_plugin_passes_every_line(tmp_path: Path) -> None:
    entry = entry_of(
        tmp_path,
        "honest",
        """
        import numpy as np
        causal = True
        class Repeat:
            def __init__(self, rate, packet_frames, channels):
                self.last = np.zeros((packet_frames, channels), np.float32)
            def packet(self, samples):
                self.last = self.last if samples is None else samples
                return self.last
        """,
    )
    found = look(entry)
    assert found.honest
    assert found.finding("look-ahead").measured == 0.0
    assert found.finding("identity with no loss").measured == 0.0
    assert found.finding("received samples altered").measured == 0.0
    assert found.finding("gain on received samples").measured == pytest.approx(0.0, abs=1e-9)


def test_look_ahead_is_measured_to_the_frame(tmp_path: Path) -> None:
    """It fades 37 frames before each gap: only the mask of the future tells it to."""
    entry = whole_file(
        tmp_path,
        "prophet",
        """
        y = lossy.copy()
        for k in np.flatnonzero(lost[1:] & ~lost[:-1]) + 1:
            y[k * packet_frames - 37 : k * packet_frames] *= 0.5
        return y
        """,
    )
    finding = look(entry).finding("look-ahead")
    assert finding.measured == pytest.approx(1000 * 37 / 16000)
    assert finding.verdict is Verdict.NOTE


@pytest.mark.parametrize(("causal", "verdict"), [("True", Verdict.LIES), ("False", Verdict.OK)])
def test_a_plugin_that_uses_future_sound_is_caught_unless_it_says_so(
    tmp_path: Path, causal: str, verdict: Verdict
) -> None:
    entry = entry_of(
        tmp_path,
        "reverse",
        f"""
        causal = {causal}
        def conceal(lossy, lost, rate, packet_frames):
            y = lossy.copy()
            for k in range(len(lost) - 1):
                if lost[k]: y[k * packet_frames : (k + 1) * packet_frames] = lossy[(k + 1) * packet_frames :][:packet_frames]
            return y
        """,
    )
    found = look(entry)
    assert found.finding("look-ahead").verdict is verdict
    assert found.finding("look-ahead").measured == pytest.approx(20.0)
    assert found.honest is (verdict is Verdict.OK)


def test_a_false_delay_is_caught(tmp_path: Path) -> None:
    text = """
    import numpy as np
    class Late:
        def __init__(self, rate, packet_frames, channels):
            self.delay = {declared}
            self.held = np.zeros((48, channels), np.float32)
        def packet(self, samples):
            samples = np.zeros((320, 1), np.float32) if samples is None else samples
            joined = np.concatenate([self.held, samples])
            self.held = joined[-48:]
            return joined[: len(samples)]
    """
    liar = look(entry_of(tmp_path, "liar", text.format(declared=0))).finding("delay")
    honest = look(entry_of(tmp_path, "honest", text.format(declared=48))).finding("delay")
    assert (liar.verdict, liar.declared, liar.measured) == (Verdict.LIES, 0.0, 3.0)
    assert (honest.verdict, honest.declared, honest.measured) == (Verdict.OK, 3.0, 3.0)


def test_chance_is_caught_unless_declared(tmp_path: Path) -> None:
    text = """
    {line}
    import numpy as np
    def conceal(lossy, lost, rate, packet_frames):
        return lossy + np.random.uniform(-1e-3, 1e-3, lossy.shape).astype(np.float32)
    """
    liar = look(entry_of(tmp_path, "chance", text.format(line="")))
    assert liar.finding("two runs").verdict is Verdict.LIES
    assert liar.finding("look-ahead").verdict is not Verdict.LIES
    assert liar.finding("look-ahead").measured == 0
    assert look(entry_of(tmp_path, "dice", text.format(line="deterministic = False"))).honest


def test_state_that_outlives_a_run_is_caught(tmp_path: Path) -> None:
    body = "import builtins\nbuiltins.runs = getattr(builtins, 'runs', 0) + 1\nreturn lossy * np.float32(1 / builtins.runs)"
    assert look(whole_file(tmp_path, "drift", body)).finding("two runs").verdict is Verdict.LIES


def test_gain_and_share_of_altered_samples_are_measured(tmp_path: Path) -> None:
    found = look(whole_file(tmp_path, "quiet", "y = lossy.copy()\ny[::4] *= 0.5\nreturn y"))
    assert found.finding("received samples altered").measured == pytest.approx(25.0, abs=0.01)
    assert found.finding("gain on received samples").measured == pytest.approx(20 * np.log10(0.875), abs=0.05)
    assert found.finding("identity with no loss").verdict is Verdict.NOTE


def test_a_slow_plugin_is_over_the_limit(tmp_path: Path) -> None:
    entry = entry_of(
        tmp_path,
        "slow",
        """
        import time
        class Slow:
            def __init__(self, rate, packet_frames, channels): self.n = 0
            def packet(self, samples):
                self.n += 1
                if self.n % 50 == 7: time.sleep(0.03)
                return __import__("numpy").zeros((320, 1), "f4") if samples is None else samples
        """,
    )
    found = audit(entry, {}, noise(0.5), seconds=0.5, disturbances=4)
    assert found.finding("time per packet, max").verdict is Verdict.OVER
    assert found.finding("time per packet, p50").verdict is Verdict.OK


def test_odd_cases_that_fail_are_named(tmp_path: Path) -> None:
    finding = look(whole_file(tmp_path, "picky", "assert not lost.all()\nreturn lossy")).finding(
        "odd cases passed"
    )
    assert finding.verdict is Verdict.FAILS
    assert "all lost: raised AssertionError" in finding.note


def test_an_audit_can_be_cancelled(tmp_path: Path) -> None:
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        audit(whole_file(tmp_path, "any", "return lossy"), {}, SPEECH, job=job)


def test_an_audit_works_at_a_rate_that_the_plugin_knows(tmp_path: Path) -> None:
    entry = entry_of(
        tmp_path, "narrow", "rates = (8000,)\ndef conceal(lossy, lost, rate, packet_frames): return lossy"
    )
    found = look(entry)
    assert (found.rate, found.packet_frames) == (8000, 160)


def test_other_rates_and_packet_lengths_are_tried_where_the_plugin_takes_them(tmp_path: Path) -> None:
    text = """
    rates = (16000, 48000)
    causal = True
    def conceal(lossy, lost, rate, packet_frames):
        if packet_frames != rate // 50: raise ValueError('wants 20 ms')
        return lossy
    """
    found = look(entry_of(tmp_path, "picky", text))
    told = found.finding("look-ahead elsewhere")
    assert found.certified
    assert told.verdict is Verdict.OK
    tried, *refused = told.note.split("; ")
    assert tried == "tried at 48 kHz in 20 ms"
    assert refused[0].startswith("at 16 kHz in ")
    assert all("wants 20 ms" in why and " 8 kHz in" not in why and "32 kHz in" not in why for why in refused)


def test_what_works_at_any_rate_is_tried_at_each_usual_one(tmp_path: Path) -> None:
    told = look(whole_file(tmp_path, "any", "return lossy")).finding("look-ahead elsewhere")
    assert all(f" {khz} kHz in " in told.note for khz in (8, 16, 32, 48)), told.note
    assert (told.verdict, told.measured) == (Verdict.OK, 0.0)


def test_sixty_places_some_at_gap_edges_are_disturbed() -> None:
    material = make_material(SPEECH, 320, 4.0, 1)
    chosen = places(material.trace.lost, 60, 1)
    lost = material.trace.lost
    starts = [p for p in chosen if lost[p.packet] and not lost[p.packet - 1]]
    ends = [p for p in chosen if lost[p.packet - 1] and not lost[p.packet]]
    assert len(chosen) == len(set(chosen)) == 60
    assert starts
    assert ends
    assert {p.flip for p in chosen} == {True, False}


def test_a_disturbance_changes_everything_from_its_place_and_nothing_before() -> None:
    material = make_material(SPEECH, 320, 5.0, 1)
    lengths = set()
    for place in places(material.trace.lost, 20, 2):
        lossy, trace, clean = disturbed(material, place, 3)
        start = place.packet * 320
        lengths.add(lossy.frames)
        assert lossy.frames == clean.frames > start
        assert np.array_equal(lossy.samples[:start], material.lossy.samples[:start])
        assert np.array_equal(trace.lost[: place.packet], material.trace.lost[: place.packet])
        assert (trace.lost[place.packet] != material.trace.lost[place.packet]) == place.flip
        both = ~trace.mask(lossy.frames) & ~material.trace.mask(lossy.frames)
        both[:start] = False
        same = lossy.samples[both] == material.lossy.samples[: lossy.frames][both]
        assert np.count_nonzero(same) <= 0.01 * same.size
    assert material.clean.frames in lengths  # some end with the clip, most earlier
    assert len(lengths) > 5


@pytest.mark.parametrize("shift", [-70, -1, 0, 1, 33])
def test_the_lag_between_two_signals_is_found(shift: int) -> None:
    wanted = SPEECH.samples[:8000, 0] - 0.255
    assert best_lag(np.roll(wanted, shift), wanted, 100)[0] == shift


def test_the_bundled_classical_concealers_are_honest(tmp_path: Path) -> None:
    speech, _ = demo_speech()
    short = Signal(speech.samples[: 3 * speech.rate], speech.rate)
    for name in ("repeat_fade", "g711_appendix1"):
        found = audit(bundled(tmp_path, name), {}, short, seconds=3.0, disturbances=10)
        assert found.certified, (name, found.lies, found.doubts)


def test_each_audit_is_on_other_speech_and_its_seed_repeats_it() -> None:
    speech, _ = demo_speech()
    one, again, other = (new_speech(speech, 3.0, seed, 2) for seed in (1, 1, 2))
    assert np.array_equal(one.samples, again.samples)
    assert one.samples.shape == (3 * speech.rate, 2)
    for made in (one.samples[:, 0], one.samples[:, 1]):
        for known in (other.samples[:, 0], speech.samples[:, 0]):
            assert abs(best_lag(made, known, len(known) - 1)[1]) < 0.3
    assert np.abs(one.samples).max() <= 1
    level = 10 * np.log10(np.mean(np.square(one.samples)) / np.mean(np.square(speech.samples)))
    assert -14 < level < 5


def test_so_many_places_are_disturbed_as_were_asked_for_however_they_are_spread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    shares: list[float] = []

    class Telling(Job):
        def check(self, fraction: float, message: str = "") -> None:
            shares.append(fraction)

    def counted(lost: object, count: int, seed: int, first: int = 1) -> object:
        counts.append(count)
        return places(lost, count, seed, first)  # type: ignore[arg-type]

    monkeypatch.setattr("gaplisten.concealers.audit.places", counted)
    entry = entry_of(
        tmp_path,
        "zeros",
        """
        import numpy as np
        class Zeros:
            def __init__(self, rate, packet_frames, channels):
                self.nothing = np.zeros((packet_frames, channels), np.float32)
            def packet(self, samples): return self.nothing if samples is None else samples
        """,
    )
    audit(entry, {}, SPEECH, seed=7, seconds=2.0, disturbances=10, job=Telling())
    # Its packets one at a time give the same: some of the places lie in this clip, the others in new ones.
    assert counts[:4] == [3, 3, 3, 1]
    # How far it is grows all the time and is not at its end before the audit is.
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0.5 < shares[-1] < 0.85, "the long clip, which a short audit leaves out, has its share"
