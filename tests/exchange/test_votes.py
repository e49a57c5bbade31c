"""Votes of other tools: what their files hold is taken over, what they lack is said."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaplisten import cli
from gaplisten.errors import GaplistenError
from gaplisten.exchange.votes import import_votes, load, readers
from gaplisten.exchange.votes.contract import Meant, Options, VotesError, read_key
from gaplisten.exchange.votes.table import read_foreign
from gaplisten.panel.imported import (
    MANIFEST,
    VOTES,
    ForeignVote,
    Imported,
    ImportedError,
    ImportedVotes,
    open_source,
    write_imported,
)
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.results.votes import collect
from gaplisten.report.panel_figure import NothingToDraw, results_figure
from gaplisten.report.panel_report import report_of

PHP_MUSHRA = (
    "session_test_id,listener,age,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,"
    "rating_comment"
)
PYM_MUSHRA = (
    "wm_testId;responses_stimulus;wm_date;wm_id;responses_time;wm_type;responses_comment;"
    "questionaire_uuid;wm_config;questionaire_age;responses_score;questionaire_listener"
)
SYSTEMS = ("reference", "anchor35", "sysA", "sysB")


def php_mushra(
    listeners: int = 3, clips: int = 2, *, again: tuple[int, ...] = (), untouched: tuple[int, ...] = ()
) -> str:
    """Return what the PHP service writes; who presses Send again doubles the answers to the questions."""
    lines = [PHP_MUSHRA]
    for who in range(listeners):
        for times in range(2 if who in again else 1):
            for clip in range(clips):
                for at, name in enumerate(SYSTEMS):
                    score = 100 if who in untouched else (95, 21, 55, 70)[at] + who - clip
                    asked = f"L{who},31," * (times + 1)
                    lines.append(f"t,{asked}uuid-{who},c{clip},{name},{score},{1000 + clip},")
    return "\n".join(lines) + "\n"


def php(columns: str, *rows: str) -> str:
    return "\n".join((columns, *rows)) + "\n"


def votes_of(text: str | Mapping[str, str], **said: object) -> Imported:
    files = {"results.csv": text} if isinstance(text, str) else text
    return import_votes({name: one.encode() for name, one in files.items()}, Options(**said))  # type: ignore[arg-type]


def test_more_conditions_than_any_test_has_are_refused_in_words(tmp_path: Path) -> None:
    rows = (f"s1,mos,system {at},u{at},4" for at in range(10_001))
    found = votes_of("\n".join(("session_id,test_type,system,item,rating", *rows)) + "\n")
    with pytest.raises(ImportedError, match=r"cannot be kept: conditions: .* 10000 items"):
        write_imported(tmp_path / "out", found, "T", {"v.csv": b""})
    assert not (tmp_path / "out").exists()


def written(tmp_path: Path, found: Imported) -> ImportedVotes:
    return write_imported(tmp_path / "imported", found, "Test", {"results.csv": b"x"})


def means(found: Results) -> dict[str, float]:
    return {one.condition: one.mean.mean for one in found.conditions}


# --- webMUSHRA and pymushra ---------------------------------------------------------------------------------


def test_every_condition_has_the_mean_of_the_file(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra(5)))
    found = means(evaluate(panel, resample=False))
    expected = {
        name: fmean((95, 21, 55, 70)[at] + who - clip for who in range(5) for clip in range(2))
        for at, name in enumerate(SYSTEMS)
    }
    assert found == pytest.approx(expected, abs=1e-9)


def test_what_was_sent_again_with_doubled_answers_counts_once_and_is_told() -> None:
    once, twice = votes_of(php_mushra()), votes_of(php_mushra(again=(1,)))
    assert [one.score for one in twice.votes] == [one.score for one in once.votes]
    assert any("answers to the questions stood there again" in said for said in twice.notes)
    assert any("8 lines stood there again" in said for said in twice.notes)


def test_pages_whose_sliders_were_never_touched_are_named_and_may_be_left_empty() -> None:
    counted = votes_of(php_mushra(untouched=(2,)))
    assert any("2 pages all sliders stand at 100" in said and "L2" in said for said in counted.notes)
    assert all(one.score == 100 for one in counted.votes if one.listener == "L2")
    empty = votes_of(php_mushra(untouched=(2,)), leave_out_untouched=True)
    assert {one.score for one in empty.votes if one.listener == "L2"} == {None}
    assert all(one.score is not None for one in empty.votes if one.listener != "L2")


def test_roles_follow_the_names_and_the_hidden_reference_screens(tmp_path: Path) -> None:
    text = php_mushra().replace("uuid-0,c0,reference,95", "uuid-0,c0,reference,15")
    panel = written(tmp_path, votes_of(text))
    roles = {one.condition: one.role for one in collect(panel).votes}
    assert roles == {"reference": "reference", "anchor35": "anchor", "sysA": "condition", "sysB": "condition"}
    assert [one.name for one in evaluate(panel, resample=False).excluded] == ["L0"]


def test_pymushra_reads_the_same_whatever_the_order_of_its_columns() -> None:
    columns = PYM_MUSHRA.split(";")
    rows = [
        dict(
            zip(
                columns,
                ("t", name, "2026", clip, "497", "mushra", "", "u1", "y", "31", score, "7"),
                strict=True,
            )
        )
        for clip in ("c0", "c1")
        for name, score in (("reference", "95"), ("sysA", "60.5"))
    ]
    plain = [[row[name] for name in columns] for row in rows]
    random.Random(3).shuffle(columns)
    turned = [[row[name] for name in columns] for row in rows]
    one = votes_of("\n".join([PYM_MUSHRA, *(";".join(cells) for cells in plain)]))
    other = votes_of("\n".join([";".join(columns), *(";".join(cells) for cells in turned)]))
    assert one.votes == other.votes
    assert [vote.score for vote in one.votes] == [95, 60.5, 95, 60.5]
    assert one.answers == {"7": {"age": "31"}}
    assert any("007 is called 7" in said for said in one.notes)


def test_a_session_that_pymushra_stored_twice_under_two_numbers_counts_once() -> None:
    line = "t;{name};2026;c0;497;mushra;;{uuid};y;31;{score};L1"
    rows = [
        line.format(name=name, uuid=uuid, score=score)
        for uuid in ("u1", "u2")
        for name, score in (("reference", 95), ("sysA", 60))
    ]
    found = votes_of("\n".join([PYM_MUSHRA, *rows]))
    assert len(found.votes) == 2
    assert any("1 session had been sent again" in said for said in found.notes)


def test_single_ratings_of_both_tools_are_categories_of_clips_and_conditions() -> None:
    lss = php(
        "session_test_id,listener,age,trial_id,stimuli_rating,stimuli,rating_time",
        "t,L1,31,acr,5,sysA__c1,1415",
        "t,L1,31,acr,NA,sysB__c1,1400",
    )
    pym = (
        "wm_testId;responses_stimulusRating;responses_stimulus;wm_id;responses_time;wm_type;questionaire_uuid\n"
        "t;[5];sysA__c1;acr;1415;likert_single_stimulus;u1\n"
    )
    for found in (votes_of(lss), votes_of(pym)):
        first = found.votes[0]
        assert (found.method.name, first.clip, first.condition, first.score) == ("acr", "c1", "sysA", 5)
        assert first.seconds == 1.415
    assert votes_of(lss).votes[1].score is None
    assert any("1 vote without a usable answer" in said for said in votes_of(lss).notes)


def test_ratings_with_spaces_around_them_are_read() -> None:
    text = php(
        "session_test_id,listener,trial_id,stimuli_rating,stimuli,rating_time", 't,L1,lms," 5 ",sysA__c1,8334'
    )
    assert votes_of(text).votes[0].score == 5


def test_several_ratings_of_one_recording_are_the_scales_of_the_method_that_is_said() -> None:
    ratings = "stimuli_rating1,stimuli_rating2,stimuli_rating3"
    columns = f"session_test_id,listener,trial_id,{ratings},stimuli,rating_time"
    found = votes_of(php(columns, "t,L1,x,5,4,3,sysA__c1,10"), method="p835")
    assert [(one.scale, one.score) for one in found.votes] == [
        ("signal", 5),
        ("background", 4),
        ("overall", 3),
    ]
    assert any("signal, background, overall" in said for said in found.notes)


def test_graded_differences_come_from_both_grades_of_a_page(tmp_path: Path) -> None:
    columns = (
        "session_test_id,listener,age,trial_id,rating_reference,rating_non_reference,rating_reference_score,"
        "rating_non_reference_score,rating_time,choice_comment"
    )
    rows = ("t,L1,31,c0,reference,sysB,4.9,3.75,424,", "t,L1,31,c1,reference,sysB,4.5,4.5,424,")
    panel = written(tmp_path, votes_of(php(columns, *rows)))
    assert means(evaluate(panel, resample=False)) == pytest.approx({"sysB": (-1.15 + 0) / 2})


def test_who_finds_the_reference_is_right_and_who_is_undecided_is_left_empty(tmp_path: Path) -> None:
    columns = (
        "session_test_id,listener,trial_id,choice_reference,choice_non_reference,choice_answer,choice_time,"
        "choice_comment"
    )
    rows = [
        f"t,L1,c{at},reference,sysA,{said},9,x" for at, said in enumerate(["correct"] * 3 + ["incorrect"])
    ]
    found = votes_of(php(columns, *rows, "t,L1,c9,reference,sysA,undecided,9,"))
    assert found.method.name == "abx"
    panel = written(tmp_path, found)
    (pair,) = evaluate(panel, resample=False).pairs
    assert (pair.first, pair.second, pair.outcome.successes, pair.outcome.trials) == (
        "sysA",
        "reference",
        3,
        4,
    )


def test_sessions_without_a_name_or_number_are_told_apart_where_a_recording_comes_again() -> None:
    columns = "session_test_id,trial_id,stimuli_rating,stimuli,rating_time"
    rows = ("t,acr,5,a__c1,10", "t,acr,4,b__c1,11", "t,acr,2,a__c1,12", "t,acr,1,b__c1,13")
    found = votes_of(php(columns, *rows))
    assert [one.listener for one in found.votes] == ["session 1", "session 1", "session 2", "session 2"]
    assert any("nobody's name" in said for said in found.notes)


def test_opaque_names_become_clips_and_conditions_by_the_key() -> None:
    key = {
        "s1": Meant("hello", "hybrid", stratum="<=120 ms", talker="Ann"),
        "t1": Meant("hello", "", stratum="<=120 ms"),
    }
    text = php(PHP_MUSHRA, "t,L1,31,u,t1,s1,40,9,", "t,L1,31,u,t1,reference,100,9,")
    found = votes_of(text, key=key)
    assert [(one.clip, one.condition, one.role, one.stratum) for one in found.votes] == [
        ("hello", "hybrid", "condition", "<=120 ms"),
        ("hello", "reference", "reference", "<=120 ms"),
    ]
    assert found.talkers == {"hello": ("Ann", "")}


# --- the P.808 Toolkit --------------------------------------------------------------------------------------

P808 = "HITId,workerid,assignment_id,assignmentstatus,file,short_file_name,vote,question_type,condition_num"


def p808(*votes: tuple[str, str, str, str]) -> str:
    rows = [
        f"h,{who},{who}-1,Submitted,https://x.org/{file},{file},{vote},{kind},{file.split('_c')[1][:2]}"
        for who, file, vote, kind in votes
    ]
    return php(P808, *rows)


def test_votes_of_the_toolkit_keep_their_sign_and_their_clips_pair() -> None:
    found = votes_of(
        p808(
            ("L0", "demo1_c02_0da50d69.wav", "-1", "CMOS"),
            ("L0", "demo1_c03_16f32f47.wav", "2", "CMOS"),
            ("L1", "demo1_c02_0da50d69.wav", "-0", "CMOS"),
        )
    )
    assert found.method.name == "ccr"
    assert [(one.clip, one.condition, one.score) for one in found.votes] == [
        ("demo1", "02", -1),
        ("demo1", "03", 2),
        ("demo1", "02", 0),
    ]
    assert {one.vote for one in found.votes} == {None}  # what was pressed nobody knows


def test_the_three_kinds_of_votes_of_the_toolkit_are_the_scales_of_p835() -> None:
    kinds = (("MOS_BAK", "4"), ("MOS_SIG", "3"), ("MOS_OVRL", "2"))
    found = votes_of(p808(*(("L0", "demo1_c02_x.wav", vote, kind) for kind, vote in kinds)))
    assert {one.scale: one.score for one in found.votes} == {"background": 4, "signal": 3, "overall": 2}
    assert {one.trial for one in found.votes} == {1}


def test_whom_the_cleaning_left_out_is_told_with_its_reason() -> None:
    report = php(
        "worker_id,HITId,assignment,status,failures,Reject,accept_and_use",
        "L0,h,a,Submitted,[],,1",
        "L9,h,b,Submitted,['variance'],,0",
    )
    found = votes_of({"v.csv": p808(("L0", "demo1_c02_x.wav", "4", "MOS")), "c.csv": report})
    assert "the toolkit used 1 of 2 sessions" in found.notes
    assert "left out by the toolkit: L9 ('variance')" in found.notes


# --- listen-and-rate, and plain tables ----------------------------------------------------------------------


def test_sessions_of_listen_and_rate_are_read_from_csv_and_json() -> None:
    csv = php("session_id,timestamp,test_type,age,system,utterance,rating", "s1,2026,mos,30,A,u1,4")
    said = {
        "session_id": "s2",
        "test_type": "mos",
        "metadata": {"age": "31"},
        "records": [{"system": "A", "item": "u1", "rating": 2}],
    }
    found = votes_of({"a.csv": csv, "b.json": json.dumps(said)})
    assert [(one.listener, one.clip, one.condition, one.score) for one in found.votes] == [
        ("s1", "u1", "A", 4),
        ("s2", "u1", "A", 2),
    ]
    assert found.answers == {"s1": {"age": "30"}, "s2": {"age": "31"}}


def test_its_comparisons_with_the_reference_say_processed_against_reference() -> None:
    columns = "session_id,timestamp,test_type,system_a,system_b,utterance,rating"
    found = votes_of(php(columns, "s,t,cmos,reference,zeros,u1,-2", "s,t,cmos,alpha,reference,u1,1"))
    assert [(one.condition, one.compared_with, one.score) for one in found.votes] == [
        ("zeros", "reference", -2),
        ("alpha", "reference", -1),
    ]
    with pytest.raises(VotesError, match="compares A with B"):
        votes_of(php(columns, "s,t,cmos,A,B,u1,-2"))


def test_its_preferences_and_its_right_answers_are_scores(tmp_path: Path) -> None:
    ab = php(
        "session_id,test_type,system_a,system_b,item,winner", *(f"s,ab,A,B,u1,{w}" for w in ("a", "b", "="))
    )
    assert [one.score for one in votes_of(ab).votes] == [1, -1, 0]
    abx = php(
        "session_id,test_type,system_a,system_b,item,correct", "s,abx,A,B,u1,True", "s,abx,A,B,u2,False"
    )
    assert [one.score for one in votes_of(abx).votes] == [1, 0]


def test_lines_of_another_length_are_told_of_whatever_tool_wrote_them() -> None:
    told = "r.csv: 1 line of another length cannot be read; left out"
    rated = php("session_id,test_type,system,item,rating", "s,mos,A,u1,4", "s,mos,A,u2")
    assert told in votes_of({"r.csv": rated}).notes
    report = php("worker_id,assignment,accept_and_use", "L0,a,1", "L9,b")
    assert told in votes_of({"v.csv": p808(("L0", "demo1_c02_x.wav", "4", "MOS")), "r.csv": report}).notes


def test_votes_are_not_read_as_those_of_a_method_that_their_form_cannot_hold() -> None:
    with pytest.raises(VotesError, match="choose ccr"):
        votes_of(p808(("L0", "demo1_c02_x.wav", "1", "CMOS")), method="acr")
    ab = php("session_id,test_type,system_a,system_b,item,winner", "s,ab,A,B,u1,a")
    with pytest.raises(VotesError, match="choose ab"):
        votes_of(ab, method="mushra")


def test_a_table_under_any_names_needs_a_mapping_and_a_method() -> None:
    text = "who;file;algo;mos\nAnn;f1;x;4,5\nBob;f1;x;oops\n"
    with pytest.raises(VotesError, match="--map"):
        votes_of(text)
    columns = {"listener": "who", "clip": "file", "condition": "algo", "score": "mos"}
    with pytest.raises(VotesError, match="--method"):
        votes_of(text, columns=columns)
    found = votes_of(text, columns=columns, method="acr")
    assert [(one.listener, one.clip, one.condition, one.score) for one in found.votes] == [
        ("Ann", "f1", "x", 4.5),
        ("Bob", "f1", "x", None),
    ]


def test_score_files_of_step_are_read_by_their_own_names() -> None:
    rows = ("ARL\tSRQ\ts1.wav\tsig1\tHR\t100", "ARL\tSRQ\ts2.wav\tsig1\tsys2\t70")
    text = php("Lab\tListener\tFile\tSig\tSys\tScore", *rows)
    found = votes_of(text, method="mushra")
    assert [(one.clip, one.condition, one.role, one.score) for one in found.votes] == [
        ("sig1", "reference", "reference", 100),
        ("sig1", "sys2", "condition", 70),
    ]


def test_a_column_of_scores_for_each_condition_is_read_too() -> None:
    found = votes_of("subject,item,x,y\nAnn,u1,4,2\n", scores=("x", "y"), method="acr")
    assert [(one.condition, one.score) for one in found.votes] == [("x", 4), ("y", 2)]


def test_scores_that_the_scale_does_not_have_are_left_empty_and_counted() -> None:
    found = votes_of("listener,clip,condition,score\nA,c,x,7\nA,c,y,5\n", method="acr")
    assert [one.score for one in found.votes] == [None, 5]
    assert "1 vote without a usable score: left empty" in found.notes


def test_votes_of_our_own_panels_come_back_the_same(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra(4)))
    table, found, _ = votes_table(panel)
    from gaplisten.tables import to_csv

    again = votes_of(to_csv(table), method="mushra")
    other = write_imported(tmp_path / "again", again, "Test", {"v.csv": b"x"})
    assert means(evaluate(other, resample=False)) == means(found)


# --- results of imported votes ------------------------------------------------------------------------------


def test_results_say_where_votes_come_from_and_what_could_not_be_checked(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra(4)))
    found = evaluate(panel, resample=False)
    assert found.notes[0].startswith("imported from webMUSHRA: what was heard")
    assert all(one.underflows is None and one.checks == 0 for one in found.listeners)
    page = report_of(panel, found)
    assert "could not be checked" in page
    assert "taken by" in page
    assert results_figure(found).rows
    with pytest.raises(NothingToDraw, match="how long the bursts"):
        results_figure(found, part="strata")


def test_pseudonyms_hide_who_listened_and_what_they_answered(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra(3, again=(1,))))
    table, _, _ = votes_table(panel, anonymous=True)
    assert "q_age" not in table.columns
    assert "L0" not in str(table.rows)
    named, _, _ = votes_table(panel)
    assert "q_age" in named.columns
    anonymous = evaluate(panel, anonymous=True, resample=False)
    assert anonymous.notes[0].startswith("imported from webMUSHRA")
    assert not any("sent again" in said for said in anonymous.notes)


def test_tiring_is_not_told_where_nobody_knows_what_came_first(tmp_path: Path) -> None:
    rng = random.Random(1)
    rows = [
        f"L{who},c{clip},{name},{rng.randint(1, 5)}" for who in range(4) for clip in range(9) for name in "xy"
    ]
    found = votes_of(php("listener,clip,condition,score", *rows), method="acr")
    results = evaluate(written(tmp_path, found), resample=False)
    assert not any("half" in str(one.table.rows) for one in results.statistics)


def test_the_commands_read_imported_votes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "mushra.csv", tmp_path / "imported"
    file.write_text(php_mushra(3))
    with pytest.raises(SystemExit) as end:
        cli.main(["panel", "import", str(file), "--out", str(out), "--title", "Spring test"])
    assert end.value.code == 0
    assert "24 votes of 3 listeners on 2 clips (MUSHRA)" in capsys.readouterr().out
    for words in (
        ["results", str(out), "--no-resample", "--csv", str(tmp_path / "r.csv")],
        ["votes", str(out), "--csv", str(tmp_path / "v.csv")],
        ["answers", str(out)],
    ):
        with pytest.raises(SystemExit) as end:
            cli.main(["panel", *words])
        assert end.value.code == 0
    said = capsys.readouterr().out
    assert "Spring test: MUSHRA score" in said
    assert "imported from webMUSHRA" in said


def test_a_folder_with_something_in_it_is_not_written_over(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra()))
    before = (panel.folder / VOTES).read_bytes()
    with pytest.raises(ImportedError, match="there already"):
        written(tmp_path, votes_of(php_mushra(5)))
    assert (panel.folder / VOTES).read_bytes() == before


def test_names_that_a_spreadsheet_would_compute_come_back_as_they_were(tmp_path: Path) -> None:
    votes = (ForeignVote("=1+1", "-c", "-5 dB", 3, vote=3), ForeignVote("Bob", "@c", "+x", 4, vote=4))
    from gaplisten.panel import methods

    panel = written(tmp_path, Imported("a table", methods.method("acr"), votes))
    assert "'=1+1" in (panel.folder / VOTES).read_text()
    found, problems = collect(panel).votes, collect(panel).problems
    assert [(one.listener, one.clip, one.condition) for one in found] == [
        ("=1+1", "-c", "-5 dB"),
        ("Bob", "@c", "+x"),
    ]
    assert not problems


# --- nothing that is damaged ends in a traceback ------------------------------------------------------------

_WHOLE = [
    (php_mushra(2), Options()),
    (PYM_MUSHRA + "\nt;sysA;d;c0;497;mushra;;u;y;31;20;7\n", Options()),
    (p808(("L0", "demo1_c02_x.wav", "4", "MOS")), Options()),
    (php("session_id,test_type,system_a,system_b,item,winner", "s,ab,A,B,u1,a"), Options()),
    (json.dumps({"test_type": "mos", "session_id": "s", "r": [{"system": "A", "rating": 2}]}), Options()),
    ("listener,clip,condition,score\nA,c,x,4\n", Options(method="acr")),
    ("listener,clip,x\nA,c,4\n", Options(method="acr", scores=("x",))),
]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, Options]:
    """Return a whole file with some bytes taken out, put in or exchanged."""
    text, options = draw(st.sampled_from(_WHOLE))
    data = bytearray(text.encode())
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        piece = draw(
            st.sampled_from([b"", b'"', b",", b";", b"\0", b"\xff", b"\n", b"1e999", b"[", b"nan", b"{"])
        )
        data[at : at + draw(st.integers(0, 40))] = piece
    return bytes(data), options


@given(damaged())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, given_: tuple[bytes, Options]
) -> None:
    data, options = given_
    try:
        found = import_votes({"results.csv": data}, options)
        out = tmp_path_factory.mktemp("damaged") / "imported"
        panel = write_imported(out, found, "Test", {"results.csv": data})
    except GaplistenError:
        return
    votes, problems = collect(panel).votes, collect(panel).problems
    assert len(votes) == sum(one.score is not None for one in found.votes)
    assert not problems


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_as_a_key_table_are_refused_or_read(data: bytes) -> None:
    with suppress(VotesError):
        read_key("key.csv", data)


def test_a_description_that_is_none_is_refused(tmp_path: Path) -> None:
    panel = written(tmp_path, votes_of(php_mushra()))
    for text in ("{}", "[", '{"format": 2}', json.dumps({"format": 1, "method": "acr"})):
        (panel.folder / MANIFEST).write_text(text)
        with pytest.raises(GaplistenError):
            open_source(panel.folder)


def test_too_many_columns_or_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GaplistenError, match="columns"):
        read_foreign("x.csv", ",".join(f"c{at}" for at in range(6000)).encode())
    big = tmp_path / "big.csv"
    with big.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(VotesError, match="allowed"):
        load([big])
    (tmp_path / "empty").mkdir()
    with pytest.raises(VotesError, match=r"no \.csv"):
        load([tmp_path / "empty"])


def test_each_reader_is_found_by_its_file() -> None:
    assert [one.name for one in readers()] == ["webmushra", "p808", "listen_and_rate", "table"]
