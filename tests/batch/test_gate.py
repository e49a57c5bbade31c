"""A gate names each gap that became worse, and passes what is equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten import folders
from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch.baseline import BaselineError, check_same, read_baseline, save_baseline
from gaplisten.batch.gap_values import COMPARED, ClipGaps, measure_builds
from gaplisten.batch.gate import Build, judge, summary_table
from gaplisten.batch.items import Version
from gaplisten.batch.journal import Journal
from gaplisten.batch.limits import LimitError, check_metric, limit_of
from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.metrics.catalogue import metric_names
from gaplisten.report.junit import junit_of
from gaplisten.statistics import clustered_mean, student_mean

PACKET = 320
METRICS = ("plcmos", "pesq")
GAPS = ((30, 31), (48, 52), (70, 72), (95, 100))


# -- planted regressions -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """Two and a half seconds of speech at 16 kHz, with what was lost in the midst of it."""
    return (
        read_signal(folders.resources() / "demo" / "clean" / "demo2.flac").samples[: 125 * PACKET, 0].copy()
    )


def concealed(clean: np.ndarray) -> np.ndarray:
    """A base that nothing is wrong with: the reference, a little off in the gaps."""
    made = clean.copy()
    for start, stop in GAPS:
        made[start * PACKET : stop * PACKET] *= 0.97
    return made


def inside(made: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    for start, stop in GAPS:
        made[start * PACKET : stop * PACKET] = change(made[start * PACKET : stop * PACKET])
    return made


def at(made: np.ndarray, offset: Callable[[int, int], int], size: float = 0.4) -> np.ndarray:
    for start, stop in GAPS:
        place = offset(start * PACKET, stop * PACKET)
        made[place] += size
        made[place + 1] -= 0.8 * size
    return made


def after(made: np.ndarray, change: Callable[[np.ndarray], np.ndarray], length: int = 1600) -> np.ndarray:
    for _, stop in GAPS:
        made[stop * PACKET : stop * PACKET + length] = change(made[stop * PACKET : stop * PACKET + length])
    return made


def combed(piece: np.ndarray) -> np.ndarray:
    """The same 5 ms over and over: a buzz."""
    return np.resize(piece[:80], piece.size)


PLANTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "click where gaps end": lambda made: at(made, lambda _, stop: stop),
    "click where gaps begin": lambda made: at(made, lambda start, _: start),
    "click only after the longest gap": lambda made: _one_click(made),
    "click a while after gaps": lambda made: at(made, lambda _, stop: stop + 700),
    "silence in gaps": lambda made: inside(made, np.zeros_like),
    "gaps far too loud": lambda made: inside(made, lambda piece: piece * 6),
    "noise in gaps": lambda made: inside(made, lambda piece: _noise(piece)),
    "buzz in gaps": lambda made: inside(made, combed),
    "offset in gaps": lambda made: inside(made, lambda piece: piece + 0.1),
    "turned polarity": lambda made: inside(made, np.negative),
    "what follows gaps too soft": lambda made: after(made, lambda piece: piece * 0.4),
    "step where gaps end": lambda made: after(made, lambda piece: piece + np.linspace(0.3, 0, piece.size)),
    "gaps muted after 10 ms": lambda made: inside(made, lambda piece: np.r_[piece[:160], 0 * piece[160:]]),
    "gaps without high frequencies": lambda made: inside(made, lambda piece: _smooth(piece, 33)),
    "received sound faint far from gaps": lambda made: after(
        made, lambda piece: piece * (1 - 0.98 * (np.arange(piece.size) > 2000)), 4800
    ),
}
WHOLE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a sample late": lambda made: np.r_[0.0, made[:-1]],
    "lower by 1.5 dB": lambda made: made * 0.84,
    "gaps 2 dB too soft": lambda made: inside(made, lambda piece: piece * 0.79),
}


def _one_click(made: np.ndarray) -> np.ndarray:
    made[GAPS[-1][1] * PACKET] += 0.5
    return made


def _noise(piece: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).normal(0, max(float(piece.std()) * 4, 0.05), piece.size)


def _smooth(piece: np.ndarray, width: int) -> np.ndarray:
    return np.convolve(piece, np.ones(width) / width, "same")


def measured(folder: Path, clean: np.ndarray, builds: dict[str, np.ndarray]) -> dict[str, Build]:
    """Write builds of one clip and measure them."""
    flags = np.zeros(125, int)
    for start, stop in GAPS:
        flags[start:stop] = 1
    (folder / "c_is_lost.txt").write_text("\n".join(map(str, flags)))
    write_signal(folder / "c.wav", Signal.of(clean, 16_000))
    versions = []
    for number, (name, samples) in enumerate(builds.items()):
        path = folder / f"{number}.wav"
        write_signal(path, Signal.of(np.clip(samples, -1, 1), 16_000))
        conditions = (ConditionFile(name, path),)
        clip = Clip("c", folder / "c.wav", None, folder / "c_is_lost.txt", conditions, folder=folder)
        versions.append(Version(clip, name, path))
    found = measure_builds(versions, Journal(folder / "gaps.jsonl"), jobs=1)
    return {
        version.condition: Build(version.condition, {"c": each})
        for version, each in zip(versions, found, strict=True)
    }


@pytest.fixture(scope="module")
def builds(clean: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    folder = tmp_path_factory.mktemp("builds")
    base = concealed(clean)
    planted = {name: plant(base.copy()) for name, plant in PLANTED.items()}
    whole = {name: plant(base.copy()) for name, plant in WHOLE.items()}
    return measured(folder, clean, {"base": base, "same": base, **planted, **whole})


@pytest.mark.parametrize("name", PLANTED)
def test_a_regression_breaks_the_gate_and_its_gaps_are_named(builds: dict[str, Build], name: str) -> None:
    limits = [limit_of("any:new>0", METRICS)]
    verdict = judge(builds["base"], builds[name], limits, {})
    assert not verdict.passed(allow_missing=False)
    (breach,) = verdict.breaches
    # What is told of the clip as a whole stands behind the gaps.
    named = {line.partition(" (")[0] for line in breach.figure.about if line.startswith("c gap ")}
    wanted = (
        {"c gap 4"} if name == "click only after the longest gap" else {f"c gap {n}" for n in range(1, 5)}
    )
    assert named <= wanted
    assert len(named) >= min(len(wanted), 2), breach.figure.about


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("text", ["any:new>0", "clip:new>0"])
def test_what_is_off_throughout_breaks_the_gate_though_no_gap_tells(
    builds: dict[str, Build], name: str, text: str, tmp_path: Path
) -> None:
    limits = [limit_of(text, METRICS)]
    verdict = judge(builds["base"], builds[name], limits, {})
    (breach,) = verdict.breaches
    assert breach.figure.about[-1].startswith("c: ")
    assert breach.figure.about[-1].endswith(", not so before")
    save_baseline(tmp_path / "b.json", builds[name], {})
    kept = read_baseline(tmp_path / "b.json", {})
    assert judge(kept, builds[name], limits, {}).passed(allow_missing=False), "it was so before"


def test_what_is_equal_passes(builds: dict[str, Build]) -> None:
    texts = [
        "any:new>0",
        "clip:new>0",
        "click_exit:share_rise>0",
        "lsd:mean_rise>0",
        "lsd:max_rise>0",
        "lsd:p95_rise>0",
    ]
    verdict = judge(builds["base"], builds["same"], [limit_of(text, METRICS) for text in texts], {})
    assert verdict.passed(allow_missing=False)
    assert verdict.breaches == verdict.unknown == verdict.missing == verdict.unpaired == ()


# -- figures -------------------------------------------------------------------------------------------------


def gaps_of(values: list[float | None], key: str = "click_exit", losses: str = "x") -> ClipGaps:
    spans = tuple((1000 * n, 1000 * n + 320) for n in range(1, len(values) + 1))
    known = {each.key: tuple(values) if each.key == key else (None,) * len(values) for each in COMPARED}
    return ClipGaps(16_000, spans, ("short",) * len(values), known, "r", losses)


def build(name: str, *rows: list[float | None], key: str = "click_exit", losses: str = "x") -> Build:
    return Build(name, {f"clip{n}": gaps_of(row, key, losses) for n, row in enumerate(rows)})


def figure(text: str, base: Build, new: Build) -> float:
    limit = limit_of(text, METRICS)
    verdict = judge(base, new, [limit], {"plcmos": "higher", "pesq": "lower"})
    (breach,) = verdict.breaches
    return breach.figure.value


BASE, NEW = build("A", [1, 2, 9, None], [3, 4]), build("B", [1, 20, 9, 11], [3, 5])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("click_exit:new>0", 2),  # 2 -> 20, and a value where there was none
        ("click_exit:share>0", 50),
        ("click_exit:share_rise>0", 20),  # one of the five that both have
        ("click_exit:max>0", 20),
        ("click_exit:max_rise>0", 11),
        ("click_exit:p95>0", float(np.quantile([1, 20, 9, 11, 3, 5], 0.95))),
        ("click_exit:mean>0", 49 / 6),
        ("click_exit:mean_rise>0", 19 / 5),
    ],
)
def test_figures_are_those_of_the_gaps(text: str, value: float) -> None:
    assert figure(text, BASE, NEW) == pytest.approx(value)


def test_low_is_bad_where_a_measure_says_so() -> None:
    base, new = build("A", [-3, -4], key="bandwidth"), build("B", [-3, -30], key="bandwidth")
    assert figure("bandwidth:max<-20", base, new) == -30
    assert figure("bandwidth:max_rise>0", base, new) == 26
    assert figure("bandwidth:new>0", base, new) == 1


def test_both_signs_are_bad_where_a_measure_says_so() -> None:
    base, new = build("A", [3, -4], key="energy_error"), build("B", [3, -25], key="energy_error")
    assert figure("energy_error:max>20", base, new) == 25
    assert figure("energy_error:new>0", base, new) == 1


def test_other_losses_are_not_paired_and_never_pass_as_equal() -> None:
    new = replace(NEW, gaps={clip: replace(each, losses="y") for clip, each in NEW.gaps.items()})
    limits = [limit_of("click_exit:new>0", METRICS), limit_of("click_exit:max>15", METRICS)]
    verdict = judge(BASE, new, limits, {})
    assert verdict.unpaired == ("clip0", "clip1")
    assert "no value" in verdict.unknown[0].no_value
    assert [breach.limit.figure for breach in verdict.breaches] == ["max"]


def test_a_measure_that_has_no_value_does_not_pass() -> None:
    assert not judge(BASE, NEW, [limit_of("lsd:max>5", METRICS)], {}).passed(allow_missing=True)


def test_missing_clips_break_the_gate_unless_allowed() -> None:
    fewer = replace(BASE, name="B", gaps={"clip0": BASE.gaps["clip0"]}, problems={"clip2": "is damaged"})
    verdict = judge(BASE, fewer, [], {})
    assert verdict.missing == (
        "clip1: is in A and not in B",
        "clip2: is in B and not in A",
        "clip2: cannot be measured in B (is damaged)",
    )
    assert not verdict.passed(allow_missing=False)
    assert verdict.passed(allow_missing=True)


def scored(name: str, **values: float) -> Build:
    return replace(BASE, name=name, scores={"plcmos": values, "pesq": values})


def test_drops_follow_what_is_better() -> None:
    base, new = scored("A", one=3.0, two=4.0), scored("B", one=2.5, two=3.9)
    assert figure("plcmos:drop>0.2", base, new) == pytest.approx(0.3)
    assert figure("plcmos:worst_drop>0.2", base, new) == pytest.approx(0.5)
    assert figure("plcmos:worst<3", base, new) == 2.5
    assert figure("pesq:drop>0.2", new, base) == pytest.approx(0.3)


def test_clips_with_more_words_count_more() -> None:
    words = {"wacc_pocketsphinx": {"a": 30.0, "b": 10.0}}
    base = scored("base", a=0.9, b=0.9)
    new = scored("new", a=0.9, b=0.5)
    rename = {"wacc_pocketsphinx": base.scores["pesq"]}, {"wacc_pocketsphinx": new.scores["pesq"]}
    base, new = replace(base, scores=rename[0]), replace(new, scores=rename[1], weights=words)
    limit = limit_of("wacc_pocketsphinx:drop>0.05", ("wacc_pocketsphinx",))
    (breach,) = judge(base, new, [limit], {}).breaches
    assert breach.figure.value == pytest.approx(0.1)
    limit = limit_of("wacc_pocketsphinx:mean<0.81", ("wacc_pocketsphinx",))
    (breach,) = judge(base, new, [limit], {}).breaches
    assert breach.figure.value == pytest.approx(0.8)


def test_where_asked_the_whole_interval_must_lie_beyond() -> None:
    spread = {f"c{n}": 3.0 + (-1) ** n for n in range(6)}
    base, new = scored("A", **dict.fromkeys(spread, 3.1)), scored("B", **spread)
    assert judge(base, new, [limit_of("plcmos:drop>0.05", METRICS)], {}).breaches
    assert not judge(base, new, [limit_of("plcmos:drop>0.05:significant", METRICS)], {}).breaches
    steady = scored("B", **{clip: 2.9 + 0.001 * n for n, clip in enumerate(spread)})
    assert judge(base, steady, [limit_of("plcmos:drop>0.05:significant", METRICS)], {}).breaches


def test_intervals_of_shares_stay_among_shares() -> None:
    table = summary_table([judge(BASE, NEW, [], {})])
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    (row,) = [each for each in rows if each["measure"] == "click_exit"]
    assert 0 <= row["share_low"] < 50 < row["share_high"] <= 100  # type: ignore[operator]


def test_gaps_of_one_clip_count_as_one_observation() -> None:
    one = clustered_mean([1.0, 2.0, 5.0], [0, 1, 2])
    assert (one.low, one.high) == pytest.approx((student_mean([1, 2, 5]).low, student_mean([1, 2, 5]).high))
    alike = clustered_mean([1.0, 1.0, 2.0, 2.0, 5.0, 5.0], [0, 0, 1, 1, 2, 2])
    assert (alike.n, alike.low) == (3, pytest.approx(one.low))
    assert clustered_mean([1.0, 2.0], [0, 0]).low is None
    with pytest.raises(ValueError, match="at least one"):
        clustered_mean([], [])


# -- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("click_exit", "write MEASURE:FIGURE>VALUE"),
        ("click_exit:new>", "write MEASURE:FIGURE>VALUE"),
        ("nothing:new>0", "nothing called 'nothing' is measured"),
        ("click_exit:median>0", "no figure of click_exit; there are new, share"),
        ("plcmos:new>0", "no figure of plcmos; there are drop"),
        ("plcmos:drop<0.05", "conspicuous where it is high"),
        ("any:share>0", "there are new"),
        ("click_exit:max>nan", "is no number"),
        ("click_exit:new>0:significant", "new has no interval"),
        ("click_exit:share>0:sure", "only :significant"),
        ("click_exit:max<5", "write click_exit:max>5"),
        ("bandwidth:max>-20", "write bandwidth:max<-20"),
        ("identical:new>0", "nothing called 'identical'"),
    ],
)
def test_a_limit_that_is_not_understood_is_refused(text: str, said: str) -> None:
    with pytest.raises(LimitError) as error:
        limit_of(text, METRICS)
    assert said in str(error.value)


def test_a_limit_on_a_metric_breaks_where_its_values_are_bad() -> None:
    limit = limit_of("plcmos:mean>3", METRICS)
    check_metric(limit, "lower")
    with pytest.raises(LimitError, match="write plcmos:mean<3"):
        check_metric(limit, "higher")


def test_every_measure_and_metric_can_be_limited() -> None:
    for measure in COMPARED:
        assert limit_of(f" {measure.key} : new > 0 ", ()).of_gaps
    assert not limit_of("plcmos:drop>0.05", metric_names()).of_gaps


# -- JUnit and baselines -------------------------------------------------------------------------------------


def test_junit_names_each_limit_and_what_broke_it() -> None:
    import xml.etree.ElementTree as ET

    limits = [limit_of(text, METRICS) for text in ("click_exit:new>0", "click_exit:max>99", "lsd:max>1")]
    new = replace(NEW, name='B <&">', problems={"clip9": "is damaged"})
    root = ET.fromstring(junit_of([judge(BASE, new, limits, {})], limits, allow_missing=False).encode())
    assert (root.get("tests"), root.get("failures")) == ("4", "3")
    (suite,) = root
    # What a suite must have by the schema that Jenkins goes by.
    assert suite.attrib == {"name": 'B <&">', "tests": "4", "failures": "3", "errors": "0"}
    cases = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    broken = cases["click_exit:new>0"]
    assert broken is not None
    assert broken.get("type") == "limit"
    assert "clip0 gap 2 (at 0.125 s, 20 ms): click_exit 20, 2 before" in (broken.text or "")
    assert cases["click_exit:max>99"] is None
    assert {case.get("classname") for case in root.iter("testcase")} == {'B <&">'}


def test_a_baseline_says_what_it_was_made_of(tmp_path: Path) -> None:
    path, whole = tmp_path / "b.json", scored("A", one=3.0)
    save_baseline(path, whole, {"plcmos": "plcmos 1", "pesq": "pesq 1"})
    assert read_baseline(path, {"plcmos": "plcmos 1"}) == whole
    with pytest.raises(BaselineError, match=r"holds plcmos of another version \(plcmos 1; here plcmos 2\)"):
        read_baseline(path, {"plcmos": "plcmos 2"})
    with pytest.raises(BaselineError, match="holds no stoi"):
        read_baseline(path, {"stoi": "stoi 1"})
    other = path.read_text().replace('"measures": "', '"measures": "0')
    (tmp_path / "o.json").write_text(other)
    with pytest.raises(BaselineError, match="gap measures of another version"):
        read_baseline(tmp_path / "o.json", {})
    for change, what in (({"reference": "q"}, "references"), ({"losses": "q"}, "losses")):
        moved = replace(NEW, gaps={"clip1": replace(NEW.gaps["clip1"], **change)})
        with pytest.raises(BaselineError, match=f"other {what} of clip1 than B"):
            check_same(path, whole, moved)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff\xfe", b'{"gaplisten": "baseline 2"}', b"NaN"])
def test_what_is_no_baseline_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(BaselineError, match="no baseline that can be read"):
        read_baseline(tmp_path / "b.json", {})
    with pytest.raises(BaselineError, match="cannot be read"):
        read_baseline(tmp_path / "none.json", {})


def test_a_build_that_is_not_whole_makes_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="clip9: is damaged"):
        save_baseline(tmp_path / "b.json", replace(BASE, problems={"clip9": "is damaged"}), {})
    assert list(tmp_path.iterdir()) == []


def test_values_are_kept_and_measured_again_only_where_a_file_changed(
    clean: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gaplisten.batch import gap_values

    base = concealed(clean)
    first = measured(tmp_path, clean, {"base": base, "same": base})
    calls = []
    real = gap_values._alone
    monkeypatch.setattr(
        gap_values, "_alone", lambda version: (calls.append(version.condition), real(version))[1]
    )
    again = measured(tmp_path, clean, {"base": base, "same": base + 0.0, "new": _one_click(base.copy())})
    assert calls == ["new"]
    assert again["base"] == first["base"]
    assert again["new"] != first["base"]


def test_a_baseline_keeps_names_that_are_no_text(tmp_path: Path) -> None:
    odd = "cl\udce9p"
    build = replace(BASE, name="b\udcff", gaps={odd: BASE.gaps["clip0"]}, scores={"plcmos": {odd: 3.0}})
    save_baseline(tmp_path / "b.json", build, {"plcmos": "plcmos 1"})
    found = read_baseline(tmp_path / "b.json", {"plcmos": "plcmos 1"})
    assert (found.name, {*found.gaps}, found.scores["plcmos"]) == ("b\udcff", {odd}, {odd: 3.0})
