"""`gaplisten compare` fails where a build became worse, and says where."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.report import set_report
from kit import command
from kit.challenge import coloured, write_versions
from kit.tables import rows_of

DOCS = Path(__file__).parents[2] / "docs" / "findings.md"
PACKET = 320
NAMED = re.compile(r'data-version="(\d)" aria-pressed="false">\d ([^<]+)<')  # in a report


run = functools.partial(command.run, "compare")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, what was released of them, the same again, and one that clicks after long bursts only."""
    root = tmp_path_factory.mktemp("corpus")
    for number, name in enumerate(("one", "two")):
        clean = coloured(60 * PACKET, number)
        lossy, made = clean.copy(), clean.copy()
        flags = np.zeros(60, int)
        for start, stop in ((10, 11), (20, 24), (40, 41 + number)):
            flags[start:stop] = 1
            lossy[start * PACKET : stop * PACKET] = 0
            made[start * PACKET : stop * PACKET] *= 0.97
        worse = made.copy()
        worse[24 * PACKET] += 0.5
        builds = {"corpus/clean": clean, "corpus/lossy": lossy, "released": made, "good": made, "bad": worse}
        write_versions(root, name, builds, flags, traces="corpus/lossy")
    return root


@pytest.fixture
def words(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(corpus)
    return ["--reference-folder", "corpus/clean", "--trace", "corpus/lossy"]


def test_a_build_that_clicks_after_long_bursts_fails(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    limits = ["--fail-if", "click_exit:new>0", "--fail-if", "click_exit:max>1000"]
    assert run("released", "good", "bad", *words, *limits, "--csv", tmp_path / "all.csv") == 1
    said = capsys.readouterr().out
    assert "good: passed" in said
    assert "bad: BROKEN click_exit:new>0: new is 2" in said
    for clip in ("one", "two"):
        assert re.search(rf"  {clip} gap 2 \(at 0\.400 s, 80 ms\): click_exit [\d.]+, [\d.e-]+ before", said)
    assert "max>1000" not in said
    assert "bad: failed" in said
    rows = {(row["build"], row["measure"]): row for row in rows_of(tmp_path / "all.csv")}
    assert (rows["bad", "click_exit"]["new"], rows["good", "click_exit"]["new"]) == ("2", "0")
    assert rows["bad", "click_exit"]["gaps"] == "6"


def test_without_a_usable_cache_it_compares_and_says_that_nothing_is_kept(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path))
    (tmp_path / "cache").write_text("a file in its place")
    assert run("released", "bad", *words, "--fail-if", "click_exit:new>0") == 1
    told = capsys.readouterr()
    assert "bad: BROKEN click_exit:new>0" in told.out
    assert told.err.count("note: what is computed now is not kept for later: ") == 1


def test_a_build_against_itself_passes(words: list[str]) -> None:
    assert run("released", "released", *words, "--fail-if", "any:new>0") == 0


def test_the_job_in_the_docs_passes_and_fails_as_it_says(
    words: list[str], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DOCS.read_text(encoding="utf-8")
    (keep,) = re.findall(r"```sh\n(.*?)```", text, re.S)
    (job,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    (gate,) = re.findall(r"- run: >-\n((?: {10}.*\n)+)", job)
    shutil.copytree(corpus, tmp_path / "repository")
    monkeypatch.chdir(tmp_path / "repository")
    assert run(*shlex.split(keep)[2:]) == 0
    for build, status in (("good", 0), ("bad", 1)):
        shutil.rmtree("out", ignore_errors=True)
        shutil.copytree(build, "out")
        assert run(*shlex.split(gate)[2:]) == status
        root = ET.parse("gaps.xml").getroot()
        assert (root.get("tests"), root.get("failures") != "0") == ("4", bool(status))


def test_a_baseline_of_other_references_is_refused_by_name(
    words: list[str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("released", *words, "--save-baseline", tmp_path / "b.json") == 0
    shutil.copytree(corpus / "corpus" / "clean", tmp_path / "clean")
    louder = read_signal(tmp_path / "clean" / "two.wav").samples * np.float32(0.999)
    write_signal(tmp_path / "clean" / "two.wav", Signal(louder, 16_000))
    others = ["--reference-folder", tmp_path / "clean", "--trace", "corpus/lossy"]
    assert run("--baseline", tmp_path / "b.json", "good", *others) == 2
    assert "was made with other references of two than good" in capsys.readouterr().err


def test_a_baseline_that_cannot_be_read_is_told_before_any_sound_is_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.json").write_text("{}")
    others = ["--reference-folder", tmp_path / "clean", "--trace", tmp_path]
    assert run("--baseline", tmp_path / "b.json", tmp_path / "nothing", *others) == 2
    assert "b.json: is no baseline that can be read" in capsys.readouterr().err


def test_a_clip_that_is_missing_fails_unless_allowed(
    words: list[str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "few").mkdir()
    shutil.copy(corpus / "good" / "one.wav", tmp_path / "few")
    assert run("released", tmp_path / "few", *words) == 1
    assert "missing: two: is in released and not in few" in capsys.readouterr().out
    assert run("released", tmp_path / "few", *words, "--allow-missing") == 0


def test_builds_with_losses_of_their_own_are_not_paired(
    words: list[str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(corpus / "corpus" / "lossy", tmp_path / "traces")
    flags = (tmp_path / "traces" / "one_is_lost.txt").read_text().split()
    flags[40:42] = "1", "1"
    (tmp_path / "traces" / "one_is_lost.txt").write_text("\n".join(flags))
    assert run("released", "good", *words, "--trace", f"good={tmp_path / 'traces'}", "--accept") == 0
    said = capsys.readouterr().out
    assert "one: its losses differ from the base's: not paired by gap" in said
    assert "two: its losses" not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("released",), "name BASE and NEW"),
        (("released", "none"), "none: is no folder"),
        (("released", "corpus"), "name one system's folder"),
        (("released", "good", "--fail-if", "nothing:new>0"), "nothing called 'nothing' is measured"),
        (("released", "good", "--trace", "x"), "write BUILD=DIR"),
        (("released", "good", "--junit", "no/where.xml"), "its folder is not there"),
        (("released", "good", "--report", "corpus"), "it is a folder"),
        (("released", "good", "--report", ""), "it has no name"),
        (("released", "good", "--report", "r", "--junit", "./r"), "is named for two things"),
        (("--baseline", "none.json", "good"), "none.json: cannot be read"),
        (("--baseline", "b", "--save-baseline", "b", "good"), "leave one of them out"),
        (("released", "good", "--fail-if", "plcmos_service:drop>0"), "is computed by a service"),
        # Before the folders are looked at, and long before they are measured.
        (("none", "none", "--fail-if", "plcmos_service:drop>0"), "is computed by a service"),
    ],
)
def test_wrong_usage_has_its_own_status(
    words: list[str], given: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*given, *words) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_reference_is_not_compared_with(
    words: list[str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(corpus / "corpus" / "clean", tmp_path / "clean")
    shutil.copy(tmp_path / "clean" / "one.wav", tmp_path / "clean" / "two.wav")
    assert run("released", "good", "--reference-folder", tmp_path / "clean", "--trace", "corpus/lossy") == 1
    assert "does not fit: good, two" in capsys.readouterr().err


def test_the_figures_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--figures") == 0
    assert {"new", "share_rise", "worst_drop"} <= set(capsys.readouterr().out.split())


def test_a_report_holds_the_worst_findings_to_hear(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(set_report, "MOST_FINDINGS", 2)
    limits = ["--fail-if", "click_exit:new>0"]
    assert run("released", "bad", *words, *limits, "--report", tmp_path / "r.html") == 1
    assert re.search(r"report, 2 of \d+ findings in it", capsys.readouterr().out)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    sections = re.findall(r'<section class="finding">(.*?)</section>', text, re.S)
    assert len(sections) == 2
    for section in sections:
        assert re.search(r"<h2>bad: (one|two): gap 2 of 3 at 0\.400 s", section)
        assert "new: " in section
        assert NAMED.findall(section) == [("0", "reference"), ("1", "lossy"), ("2", "released"), ("3", "bad")]
    assert re.search(r"2 of \d+ gaps with a finding", text)
    assert "click_exit:new&gt;0: new is 2" in text
    assert not re.search(r"https?://", re.sub(r'src="data:[^"]*"', "", text))
    assert str(tmp_path) not in text


def test_a_report_on_a_baseline_plays_the_build_alone(words: list[str], tmp_path: Path) -> None:
    assert run("released", *words, "--save-baseline", tmp_path / "b.json") == 0
    texts = []
    for build in ("bad", "good"):
        out = tmp_path / f"{build}.html"
        assert run("--baseline", tmp_path / "b.json", build, *words, "--report", out) == 0
        texts.append(out.read_text(encoding="utf-8"))
        assert "<td>no limits were set</td>" in texts[-1]
        assert ">3 " not in texts[-1]
    assert set(NAMED.findall(texts[0])) == {("0", "reference"), ("1", "lossy"), ("2", "bad")}
    assert "No gap is beyond a threshold." in texts[1]


def test_a_damaged_file_is_named_without_its_place(
    words: list[str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(corpus / "good", tmp_path / "new")
    (tmp_path / "new" / "two.wav").write_bytes(b"RIFF1234WAVEjunk")
    made = ["--report", tmp_path / "r.html", "--junit", tmp_path / "j.xml"]
    assert run("released", tmp_path / "new", *words, *made) == 1
    assert re.search(r"missing: two: cannot be measured in new \(two\.wav: ", capsys.readouterr().out)
    for path in (tmp_path / "r.html", tmp_path / "j.xml"):
        text = path.read_text(encoding="utf-8")
        assert "two.wav: " in text
        assert str(tmp_path) not in text


def test_builds_are_told_apart_by_what_a_table_says_of_the_clips(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "meta.csv").write_text("file,talker\none,Ann & Bob\ntwo,Cy\n")
    strata = ["--metadata", tmp_path / "meta.csv", "--strata", "talker"]
    report = tmp_path / "r.html"
    assert run("released", "bad", *words, *strata, "--metric", "lsd", "--report", report) == 0
    said = capsys.readouterr().out
    rows = re.findall(r"^talker (Ann & Bob|Cy) +(released|bad) +1 +3 +([\d.]+)", said, re.M)
    shares = {(talker, build): float(share) for talker, build, share in rows}
    assert len(shares) == 4
    assert shares["Cy", "bad"] > shares["Cy", "released"]
    page = report.read_text()
    assert "By what is known of the clips" in page
    assert "talker Ann &amp; Bob" in page
    assert "lsd_difference" in page
    assert run("released", "bad", *words, "--strata", "talker") == 2
    assert run("released", "bad", *words, *strata[:3], "sex") == 2
    assert "has no column 'sex'" in capsys.readouterr().err
