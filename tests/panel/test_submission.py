"""A whole trial told at once: saved as a whole or not at all, once, by the window's rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gaplisten.panel import methods
from gaplisten.panel.journal import NotSaved
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.session_record import OTHER
from gaplisten.panel.submission import Event, NotThisTrial, Receipt
from gaplisten.panel.trial import Response, Trial, Vote
from gaplisten.panel.withdrawing import withdraw
from kit.disk import full
from kit.panels import NO_STEPS, SHORT, make_panel, saved_rows, take
from kit.remote import told


def any_vote(trial: Trial, slot: int) -> Vote:
    """Return a vote that the method takes."""
    if trial.response is Response.CHOICE:
        return "A"
    if trial.response is Response.CATEGORY:
        return 3 if trial.method != "ccr" else -1
    return {Response.SLIDERS: 10 + slot, Response.GRADES: 3.5, Response.PLACES: slot}[trial.response]


@pytest.mark.parametrize("method", methods.names())
def test_every_method_can_be_taken_trial_by_trial(method: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, method, NO_STEPS + SHORT.get(method, ""), clips=2)
    with Session.open(panel, "Ann") as session:
        while session.trial is not None:
            number = session.trial.number
            answer = session.submit(told(session, any_vote))
            assert answer.receipt is Receipt.SAVED, answer
            assert session.finished or session.trial.number == number + 1
    rows = saved_rows(panel)
    assert {row["device"] for row in rows} == {"browser: made up"}
    assert {row["underflows"] for row in rows} == {""}  # unknown is not none
    assert {row["response_seconds"] for row in rows} == {"4.0"}


def test_the_same_trial_again_is_known_and_nothing_is_written(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as session:
        sent = told(session, any_vote)
        assert session.submit(sent).receipt is Receipt.SAVED
        before = {path: path.read_bytes() for path in panel.ratings.glob("*.csv")}
        assert session.submit(sent).receipt is Receipt.KNOWN
    with Session.open(panel, "Ann") as session:  # nor after the program was started anew
        assert session.submit(replace(sent, late_seconds=60.0)).receipt is Receipt.KNOWN
        assert {path: path.read_bytes() for path in panel.ratings.glob("*.csv")} == before
        assert not (panel.ratings / OTHER).exists()


def test_other_votes_for_a_saved_trial_are_kept_aside_once_and_count_for_nothing(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as session:
        first = told(session, any_vote)
        other = told(session, lambda trial, slot: 5)
        assert session.submit(first).receipt is Receipt.SAVED
        assert session.submit(other).receipt is Receipt.OTHER
        assert session.submit(other).receipt is Receipt.OTHER
    with Session.open(panel, "Ann") as session:
        assert session.submit(other).receipt is Receipt.OTHER
        assert session.submit(first).receipt is Receipt.KNOWN
    assert [row["vote"] for row in saved_rows(panel)] == ["3"]
    (aside,) = (panel.ratings / OTHER).glob("*.csv")
    assert aside.read_text().count("\n") == 2  # a header and one vote
    withdraw(panel, "Ann", "wanted", erase=True)
    assert not aside.exists()


def test_a_refused_trial_leaves_nothing_behind_and_says_which_votes_were_taken(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + SHORT["mushra"])
    with Session.open(panel, "Ann") as session:
        whole = told(session, any_vote)
        silent = replace(whole, events=tuple(one for one in whole.events if one.what == "rate"))
        answer = session.submit(silent)
        assert (answer.receipt, answer.refusal) == (Receipt.REFUSED, Refusal.ALL_HEARD)
        assert not answer.votes
        last = max(at for at, one in enumerate(whole.events) if one.what == "rate")
        lacking = replace(whole, events=whole.events[:last])
        answer = session.submit(lacking)
        assert (answer.receipt, answer.refusal) == (Receipt.REFUSED, Refusal.UNRATED_SOME)
        assert len(answer.votes) == len(session.state.trial.rated_slots) - 1
        assert not session.state.touched
        assert not any(one.plays for one in session.state.listened)
        assert session.submit(whole).receipt is Receipt.SAVED


def test_a_vote_on_what_does_not_play_has_no_effect_and_says_so(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + SHORT["mushra"])
    with Session.open(panel, "Ann") as session:
        whole = told(session, any_vote)
        mute = replace(whole, events=tuple(one for one in whole.events if one.what != "switched"))
        answer = session.submit(mute)
        assert (answer.receipt, answer.refusal) == (Receipt.REFUSED, Refusal.NOT_PLAYING)


def test_votes_of_another_session_or_out_of_turn_are_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as ann, Session.open(panel, "Ben") as ben:
        assert ann.ticket != ben.ticket
        for wrong in (told(ben, any_vote), replace(told(ann, any_vote), trial=99)):
            with pytest.raises(NotThisTrial):
                ann.submit(wrong)
        first = told(ann, any_vote)
        ann.submit(first)
        later = replace(told(ann, any_vote), trial=first.trial)
        with pytest.raises(NotThisTrial):
            ann.submit(later)
    assert len(saved_rows(panel)) == 1


def test_slots_that_are_not_there_and_senseless_votes_do_no_harm(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as session:
        whole = told(session, any_vote)
        wild = (
            Event("started", 7),
            Event("heard", -5, 0, 10),
            Event("heard", 0, 10**9, -1),
            Event("rate", vote=9),
            Event("rate", vote="A", scale="none"),
            Event("undo"),
        )
        assert session.submit(replace(whole, events=(*wild, *whole.events))).receipt is Receipt.SAVED
    assert saved_rows(panel)[0]["vote"] == "3"


def test_when_it_cannot_be_written_the_trial_stays_and_is_saved_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as session:
        sent = told(session, any_vote)

        with monkeypatch.context() as broken:
            broken.setattr("gaplisten.panel.journal.write_all", full)
            with pytest.raises(NotSaved, match="the disk is full"):
                session.submit(sent)
        assert not session.state.touched
        assert session.submit(sent).receipt is Receipt.SAVED
    assert len(saved_rows(panel)) == 1


def test_times_are_the_pages_own_and_lie_on_this_clock(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    clock = Clock(wall=lambda: 1_800_000_000.0, monotonic=lambda: 5.0, work=lambda: 5.0)
    with Session.open(panel, "Ann", clock=clock) as session:
        session.submit(replace(told(session, any_vote, 12.5), late_seconds=7.5))
        minutes = session.breaks.minutes()
    (row,) = saved_rows(panel)
    assert row["response_seconds"] == "12.5"
    assert row["shown_at"] == "2027-01-15T07:59:40.000Z"
    assert row["saved_at"] == "2027-01-15T08:00:00.000Z"
    assert minutes == pytest.approx(12.5 / 60)


def test_a_page_and_the_window_take_turns_in_one_session(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel, "Ann") as session:
        take(session, 2)
        assert session.submit(told(session, any_vote)).receipt is Receipt.SAVED
        take(session)
        assert session.finished


def test_a_step_is_answered_once(tmp_path: Path) -> None:
    questions = '[checks]\nlevel = true\n[[question]]\nname = "age"\ntext = "Age?"\nkind = "number"\n'
    panel = make_panel(tmp_path, "acr", questions)
    with Session.open(panel, "Ann") as session:
        asked = ("questionnaire", 1, 1)
        assert session.submit_step(asked, [], {"age": "30"}) is Receipt.SAVED
        assert session.submit_step(asked, [], {"age": "30"}) is Receipt.KNOWN
        with pytest.raises(NotThisTrial):
            session.submit_step(("headphones", 1, 1), [], {"headphones": "1"})
        heard = [(0, 0, session.step_sounds()[0].frames)]
        assert session.submit_step(("level", 1, 1), heard, {"level": ""}) is Receipt.SAVED
        assert session.trial is not None
