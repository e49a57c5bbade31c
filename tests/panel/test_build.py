"""Building: stimuli frozen bit-exact, hashed, one gain per clip; built panels of strangers refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.mnru import modulated_noise
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled
from gaplisten.panel.build import BuildError, build, wave_bytes
from gaplisten.panel.definition import parse_definition
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.key import open_key
from gaplisten.panel.planned import Use
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.safety import UntrustedPanel, inside
from gaplisten.panel.selection import Places
from gaplisten.panel.session import Session
from gaplisten.report.panel_report import report_of
from kit.noise_ratio import measured_q
from kit.panels import NO_STEPS, RATE, FakeRenderer, make_clips, make_panel, take, toml

ANCHORED = NO_STEPS + '[mushra]\nanchors = ["anchor35", "lossy"]\n'


def key_bytes(panel: FrozenPanel) -> dict[str, object]:
    return json.loads(zlib.decompress((panel.folder / "key.bin").read_bytes()[7:]))


def rewrite(panel: FrozenPanel, values: object) -> None:
    """Put another key into a panel, as a stranger could, with a manifest that fits."""
    text = json.dumps(values).encode()
    (panel.folder / "key.bin").write_bytes(b"GLKEY1\n" + zlib.compress(text))
    manifest = json.loads((panel.folder / "panel.json").read_text())
    with contextlib.suppress(GaplistenError):
        manifest["sha256"] = open_key((panel.folder / "key.bin").read_bytes(), "").sha256
    (panel.folder / "panel.json").write_text(json.dumps(manifest))


def test_stimuli_are_the_files_samples_bit_for_bit(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", ANCHORED)
    for name, folder in (
        ("one", "one"),
        ("two", "two"),
        ("reference", "clean"),
        ("lossy_anchor", "lossy_signals"),
    ):
        wanted, _ = soundfile.read(tmp_path / "clips" / folder / "c1.wav", dtype="float32")
        np.testing.assert_array_equal(panel.read(panel.key.code("c1", name)).samples[:, 0], wanted)


def test_each_stimulus_has_its_hash_and_a_float_file_without_a_date(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for one in panel.key.stimuli:
        data = (panel.folder / "stimuli" / f"{one.code}.wav").read_bytes()
        assert hashlib.sha256(data).hexdigest() == one.sha256
        assert b"PEAK" not in data
    panel.verify()


def test_building_again_with_the_same_secret_gives_the_same_panel(tmp_path: Path) -> None:
    first = make_panel(tmp_path, "abx", out="first", secret="s")
    second = make_panel(tmp_path, "abx", out="second", secret="s")
    assert first.sha256 == second.sha256
    changed = make_panel(tmp_path, "abx", top="seed = 2", out="third", secret="s")
    assert changed.sha256 != first.sha256


def test_building_again_names_the_files_anew(tmp_path: Path) -> None:
    first, second = (make_panel(tmp_path, "acr", out=name) for name in ("first", "second"))
    names = [{path.name for path in (one.folder / "stimuli").iterdir()} for one in (first, second)]
    assert not names[0] & names[1]


def test_a_built_panel_can_be_copied_elsewhere(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    shutil.copytree(panel.folder, tmp_path / "elsewhere/copy")
    shutil.rmtree(tmp_path / "clips")
    open_panel(tmp_path / "elsewhere/copy").verify()


def test_one_gain_per_clip_is_recorded_and_leaves_a_concealers_level_alone(tmp_path: Path) -> None:
    text = toml("acr", NO_STEPS) + '[[condition]]\nname = "half"\nconcealer = "fake"\n'
    text += '[[condition]]\nname = "lossy"\nlossy = true\n'
    make_clips(tmp_path / "clips")
    panel = build(parse_definition(text), tmp_path / "p", FakeRenderer(), places=Places(tmp_path))
    half, lossy = (panel.read(panel.key.code("c0", name)).samples for name in ("half", "lossy"))
    np.testing.assert_array_equal(half, lossy * np.float32(0.5))
    clip = panel.key.clip_of["c0"]
    assert clip.gain_db == pytest.approx(20 * np.log10(clip.gain), abs=1e-3)
    condition = next(one for one in panel.key.conditions if one.name == "half")
    assert (condition.source, condition.digest) == ("concealer fake", "d1")


def test_versions_of_other_lengths_are_fitted_and_noted(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    samples, _ = soundfile.read(tmp_path / "clips/one/c0.wav")
    soundfile.write(tmp_path / "clips/one/c0.wav", samples[:-100], RATE)
    panel = make_panel(tmp_path)
    assert panel.read(panel.key.code("c0", "one")).frames == 3200
    assert "one: 100 frames of silence added at the end" in panel.key.clip_of["c0"].notes


def test_a_table_tells_clips_apart_in_place_of_bursts(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    (tmp_path / "meta.csv").write_text("file,room\nc0.wav,hall\nc1.wav,street\nc2.wav,hall\n")
    told = '["clips"]\nstrata = "meta.csv"\nstrata_column = "room"'
    text = toml("acr", NO_STEPS).replace('["clips"]', told)
    panel = build(parse_definition(text), tmp_path / "p", FakeRenderer(), places=Places(tmp_path))
    strata = {clip.name: clip.stratum for clip in panel.key.clips}
    assert strata == {"c0": "room hall", "c1": "room street", "c2": "room hall", "c3": "not told"}
    with Session.open(panel.folder, "P1") as session:
        take(session)
    found = evaluate(panel)
    assert [one.stratum for one in found.strata[::2]] == ["not told", "room hall", "room street"]
    page = report_of(panel, found)
    assert "by stratum" in page
    assert "longest burst" not in page
    for wrong, fact in (
        ('strata_column = "size"', "the table has no column 'size'"),
        ("", "belong together"),
        ('strata_column = "room"\nper_stratum = {short = 1}', "leave strata or it out"),
    ):
        text = toml("acr", NO_STEPS).replace('["clips"]', told.replace('strata_column = "room"', wrong))
        with pytest.raises(GaplistenError, match=fact):
            build(parse_definition(text), tmp_path / "q", FakeRenderer(), places=Places(tmp_path))
    text = toml("acr", NO_STEPS).replace('["clips"]', told.replace("meta.csv", "../meta.csv"))
    with pytest.raises(UntrustedPanel, match="outside the folder"):
        build(parse_definition(text), tmp_path / "q", FakeRenderer(), places=Places(tmp_path))


def test_clips_are_chosen_by_name_or_stratum(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips", 6)
    text = toml("acr", NO_STEPS).replace('["clips"]', '["clips"]\nper_stratum = {short = 1, medium = 2}')
    panel = build(parse_definition(text), tmp_path / "p", FakeRenderer(), places=Places(tmp_path))
    assert sorted(clip.stratum for clip in panel.key.clips) == ["120-320 ms", "120-320 ms", "<=120 ms"]
    text = toml("acr", NO_STEPS).replace('["clips"]', '["clips"]\nper_stratum = {long = 2}')
    with pytest.raises(
        GaplistenError, match="2 clips are wanted with longest bursts of 320-1000 ms, there are 0"
    ):
        build(parse_definition(text), tmp_path / "q", FakeRenderer(), places=Places(tmp_path))
    text = toml("acr", NO_STEPS).replace('["clips"]', '["clips"]\nnames = ["c1", "c9"]')
    with pytest.raises(GaplistenError, match="there is no clip 'c9'; the clips are c0, c1"):
        build(parse_definition(text), tmp_path / "q", FakeRenderer(), places=Places(tmp_path))


def test_practice_clips_are_kept_out_of_the_test(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, extra=NO_STEPS + '[training]\ntrials = 3\nclips = ["c3"]\n')
    from gaplisten.panel.plan import plan

    trials = plan(panel.key, "a")
    assert {one.clip for one in trials if one.kind == "training"} == {"c3"}
    assert {one.clip for one in trials if one.kind == "test"} == {"c0", "c1", "c2"}


def test_what_cannot_be_made_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    (tmp_path / "clips/one/c1.wav").unlink()
    (tmp_path / "clips/clean/c2.wav").write_bytes(b"no sound")
    with pytest.raises(BuildError) as caught:
        make_panel(tmp_path, "dcr")
    assert "clip c1: it has no file of condition 'one'" in str(caught.value)
    assert "clip c2" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("panel")] == []


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "panel").mkdir()
    (tmp_path / "panel/thesis.txt").write_text("x")
    with pytest.raises(BuildError, match="is there already"):
        make_panel(tmp_path)
    assert (tmp_path / "panel/thesis.txt").read_text() == "x"


def test_building_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        build(parse_definition(toml("acr")), tmp_path / "p", FakeRenderer(), places=Places(tmp_path), job=job)
    assert {path.name for path in tmp_path.iterdir()} <= {"clips", "gaplisten-home"}


def test_a_changed_stimulus_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    path = next((panel.folder / "stimuli").iterdir())
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(UntrustedPanel, match="SHA-256 differs"):
        open_panel(panel.folder).verify()
    path.unlink()
    with pytest.raises(UntrustedPanel, match="no such stimulus"):
        panel.verify()


def test_links_in_a_panel_are_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    path = next((panel.folder / "stimuli").iterdir())
    path.rename(tmp_path / "elsewhere.wav")
    path.symlink_to(tmp_path / "elsewhere.wav")
    with pytest.raises(UntrustedPanel, match="it is a link"):
        panel.verify()


def test_a_folder_of_stimuli_that_is_a_link_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    (panel.folder / "stimuli").rename(tmp_path / "stimuli")
    (panel.folder / "stimuli").symlink_to(tmp_path / "stimuli")
    with pytest.raises(UntrustedPanel, match="stimuli: it is a link"):
        panel.verify()


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key["stimuli"][0].update(code="../../../etc/pass"),
        lambda key: key["stimuli"][0].update(code="/etc/passwd"),
        lambda key: key["clips"][0].update(rate=10**12),
        lambda key: key["clips"][0].update(frames=10**15),
        lambda key: key["clips"][0].update(gain=float("inf")),
        lambda key: key["clips"][0].update(gain=1e300),
        lambda key: key["definition"].update(repeats=10**9),
        lambda key: key["definition"].update(title="a\x00b"),
        lambda key: key.update(format=2),
        lambda key: key.update(surprise=1),
        lambda key: key.clear(),
    ],
)
def test_keys_with_paths_and_huge_numbers_are_refused(change: object, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    key = key_bytes(panel)
    change(key)  # type: ignore[operator]
    rewrite(panel, key)
    with pytest.raises(UntrustedPanel, match="key"):
        open_panel(panel.folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("panel.json", b""),
        ("panel.json", b"[" * 100_000),
        ("panel.json", b'{"format": 1, "sha256": "0"}'),
        ("panel.json", b'{"format": 9}'),
        ("key.bin", b""),
        ("key.bin", b"GLKEY1\nnot zlib"),
        ("key.bin", b"GLKEY1\n" + zlib.compress(b" " * (65 * 2**20))),
        ("key.bin", b"GLKEY1\n" + zlib.compress(b"{}")[:-3]),
    ],
)
def test_damaged_manifests_and_keys_are_told(name: str, content: bytes, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    (panel.folder / name).write_bytes(content)
    with pytest.raises(UntrustedPanel) as caught:
        open_panel(panel.folder)
    assert caught.value.way_out


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../../x", "C:x", "C:\\x", "\\\\host\\x", "a\\..\\..\\x", "x\0"]
)
def test_no_path_leaves_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(UntrustedPanel, match="leads out"):
        inside(tmp_path, path)


def test_a_panel_that_would_never_end_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    key = key_bytes(panel)
    clip = key["clips"][0]  # type: ignore[index]
    key["clips"] = [clip | {"name": f"c{at}"} for at in range(20_000)]
    rewrite(panel, key)
    with pytest.raises(UntrustedPanel, match="40000 trials"):
        open_panel(panel.folder)
    with pytest.raises(GaplistenError, match="trials"):
        make_panel(tmp_path, "abx", NO_STEPS + "[abx]\ntrials = 1000\n", top="repeats = 20", out="long")


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_stimulus_of_another_form_or_with_no_numbers_is_refused(poison: float, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    code = panel.key.code("c0", "one")
    path = panel.folder / "stimuli" / f"{code}.wav"
    good = panel.read(code).samples
    bad = good.copy()
    bad[7] = poison
    for samples, said in ((bad, "not finite"), (good[:-1], "not the clip's form")):
        path.write_bytes(wave_bytes(Signal(samples, RATE)))
        key = key_bytes(panel)
        for one in key["stimuli"]:  # type: ignore[attr-defined]
            if one["code"] == code:
                one["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        rewrite(panel, key)
        with pytest.raises(UntrustedPanel, match=said):
            open_panel(panel.folder).read(code)


def test_checks_are_frozen_with_their_known_answers(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    soundfile.write(tmp_path / "trap.wav", np.full(4000, 0.1), RATE)
    extra = "[checks]\nclear_good = 2\nclear_bad = 1\nreference_repeats = 1\n"
    extra += '[[checks.trap]]\nfile = "trap.wav"\nanswer = 3\n'
    extra += '[[checks.gold]]\nclip = "c2"\ncondition = "one"\nanswer = 2\n'
    panel = make_panel(tmp_path, "acr", extra)
    known = sorted(
        (one.use.value, one.expected, one.within)
        for one in panel.key.of_use(Use.GOOD, Use.BAD, Use.TRAP, Use.GOLD, Use.REPEAT)
        if one.expected is not None
    )
    assert known == [
        ("clear_bad", 1, 1),
        ("clear_good", 5, 1),
        ("clear_good", 5, 1),
        ("gold", 2, 1),
        ("trap", 3, 0),
    ]
    bad = next(one for one in panel.key.of_use(Use.BAD))
    noisy, clean = (
        panel.read(bad.code).mono,
        panel.read(
            panel.key.code(
                bad.clip,
                "reference",
                Use.GOOD if bad.clip in {one.clip for one in panel.key.of_use(Use.GOOD)} else Use.REPEAT,
            )
        ).mono,
    )
    assert np.sqrt(np.mean((noisy - clean) ** 2)) > 0.5 * np.sqrt(np.mean(clean**2))


@pytest.mark.parametrize("method", ["acr", "dcr", "ccr"])
def test_modulated_noise_and_null_pairs_are_conditions(method: str, tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    more = '[[condition]]\nname = "null"\nreference = true\n[[condition]]\nname = "Q15"\nmnru = 15\n'
    text = toml(method, NO_STEPS) + more
    panel = build(parse_definition(text), tmp_path / "p", FakeRenderer(), places=Places(tmp_path))
    for clip in ("c0", "c1"):
        reference, _ = soundfile.read(tmp_path / f"clips/clean/{clip}.wav", dtype="float32", always_2d=True)
        noisy = panel.read(panel.key.code(clip, "Q15"))
        plain = modulated_noise(Signal(reference, RATE), 80, 1)
        assert measured_q(plain, noisy) == pytest.approx(15, abs=0.15)
        np.testing.assert_array_equal(panel.read(panel.key.code(clip, "null")).samples, reference)
    source = {one.name: one.source for one in panel.key.conditions}["Q15"]
    assert source == "reference under modulated noise, Q = 15 dB (P.810)"
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    assert {one.condition for one in evaluate(panel).conditions} >= {"one", "two", "Q15"}


def test_null_pairs_are_spread_over_talkers(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips", 6)
    (tmp_path / "t.csv").write_text("clip,talker\n" + "".join(f"c{at},{'ABB'[at % 3]}\n" for at in range(6)))
    for seed in range(4):
        extra = NO_STEPS + "null_pairs = 2\n"
        panel = make_panel(tmp_path, "dcr", extra, out=f"p{seed}", secret=str(seed), talkers="t.csv")
        clips = [one.clip for one in panel.key.of_use(Use.NULL)]
        assert {panel.key.clip_of[clip].talker for clip in clips} == {"A", "B"}
