"""The TOML file: errors name line and field, strangers' files are refused."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.panel.build import build
from gaplisten.panel.definition import (
    DefinitionError,
    PanelDefinition,
    parse_definition,
    read_definition,
)
from gaplisten.panel.definition_errors import line_of, locate
from gaplisten.panel.methods import method, methods
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import ConditionPart
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.selection import Places
from gaplisten.panel.starter import definition_for, starter, to_toml, with_more
from kit.panels import FakeRenderer, make_clips, toml

GOOD = toml("acr")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("repeats = 0", "repeats: 0 cannot be used; write a whole number from 1 to 20"),
        ("repeats = 1.5", "repeats: 1.5 cannot be used; write a whole number from 1 to 20"),
        ("repeats = true", "repeats: true cannot be used; write a whole number from 1 to 20"),
        ("repeat = 2", "repeat: there is no such key; did you mean repeats?"),
        ("votes_per_clip = 0", "votes_per_clip: 0 cannot be used; write a whole number from 1 to 10000"),
        ("target_dbov = nan", "target_dbov: nan cannot be used; write a number from -60 to -10"),
        ("seed = -1", "seed: -1 cannot be used; write a whole number from 0 on;"),
        ('pairing = "x"', 'pairing: "x" cannot be used; write one of "same clips", "different clips"'),
        ('listeners = "Ann"', 'listeners: "Ann" cannot be used; write a list in brackets'),
        ("comments = 1", "comments: 1 cannot be used; write true or false"),
        ("consent = []", "consent: a list cannot be used; write a text in quotes"),
        ("rules = {heard = 'all'}", 'rules.heard: "all" cannot be used; write one of "nothing"'),
        (
            "breaks = {rest_minutes = inf}",
            "breaks.rest_minutes: inf cannot be used; write a number from 0 to 120",
        ),
        ("wording = {labels = {1 = ''}}", "wording.labels.1: it is empty; write something"),
        ("pairs = [['a']]", "pairs.1.2: it is missing"),
        ("question = [{name = 'a'}]", "question.1.text: it is missing; write it"),
        ("room = 3", "room: 3 cannot be used; write a table"),
    ],
)
def test_errors_say_the_key_its_value_and_what_would_do(line: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(toml("acr", top=line))
    assert f"line 3, {said}" in str(caught.value)
    assert caught.value.way_out == "fix it and try again"


@pytest.mark.parametrize("value", ["[1]", "{a = 1}", "1979-05-27"])
def test_a_parameter_that_is_no_plain_value_is_said_once(value: str) -> None:
    text = f'[[condition]]\nname = "x"\nconcealer = "c"\nparameters = {{ a = {value} }}\n'
    with pytest.raises(DefinitionError) as caught:
        parse_definition(toml("acr", text))
    assert str(caught.value).count("write a text, a number, true or false") == 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('method = "acr"', 'method = "arc"', "line 2, method"),
        ('folders = ["clips"]', "folders = []", "line 5, clips.folders"),
        ('folders = ["clips"]', 'folders = ["clips"]\npacket_ms = "20"', "line 6, clips.packet_ms"),
        (
            'folders = ["clips"]',
            'folders = ["clips"]\ncolour = 1',
            "line 6, clips.colour: there is no such key here; there are folders",
        ),
        ('name = "two"', 'name = "two"\nlossy = true', "line 9, condition.2: say exactly one of"),
        ('name = "two"', 'name = "ONE"', "two conditions are called 'one'"),
        ('name = "two"', 'name = "anchor35"', "line 9, condition.2: the name 'anchor35' is kept"),
        ('name = "two"', 'name = "a\\u0000b"', "line 10, condition.2.name: it has control characters"),
        ('name = "two"', 'name = "a\\u202Eb"', "line 10, condition.2.name: it has control characters"),
        ('name = "two"', f'name = "{"x" * 101}"', "it has 101 characters"),
        ('title = "T"', 'title = "T"\nseed = 99999999999999999999', "line 2, seed"),
        ('title = "T"', 'title = "T"\nrepeats = 1000000000', "line 2, repeats"),
        (
            'title = "T"',
            'title = "T"\npairs = [["one", "three"]]',
            "line 2, pairs.1: the pair 'one', 'three' is not",
        ),
        (
            'title = "T"',
            'title = "T"\nrules = {need_hundred = true}',
            "line 2, rules.need_hundred: it belongs",
        ),
        ('title = "T"', 'title = "T"\nlisteners = ["x", "X"]', "line 2, listeners.2: two listeners"),
        ('title = "T"', 'title = "T', "this is not TOML"),
        ('title = "T"', "seed = " + "9" * 5000, "this is not TOML"),
        ('title = "T"', "x = " + "[" * 5000, "this is not TOML"),
        (
            'title = "T"',
            'title = "T"\n[breaks]\nsuggest_minutes = 30\ninsist_minutes = 20\n[x]',
            "line 2, breaks",
        ),
        ('title = "T"', 'title = "T"\nbreaks = {suggest_minutes = inf}', "line 2, breaks.suggest_minutes"),
        (
            'title = "T"',
            'title = "T"\nchecks = {null_pairs = 1}',
            "line 2, checks.null_pairs: checks: null_pairs cannot be used with the method acr",
        ),
        (
            'title = "T"',
            'title = "T"\nchecks = {trap = [{file = "t.wav", answer = 7}]}',
            "line 2, checks.trap.1.answer: the expected answer 7 is no value",
        ),
        (
            'title = "T"',
            'title = "T"\nwording = {labels = {5 = "a"}}',
            "line 2, wording.labels: wording.labels must have exactly the keys",
        ),
    ],
)
def test_errors_name_line_and_field(before: str, after: str, said: str) -> None:
    text = GOOD.replace(before, after, 1)
    if after.count("[breaks]"):
        text = text.replace('[x]\nmethod = "acr"\n', "").replace(
            'title = "T"', 'title = "T"\nmethod = "acr"', 1
        )
        said = "insist_minutes is less"
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text, "p.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("p.toml: ")


def test_several_errors_are_told_at_once() -> None:
    text = GOOD.replace('"acr"', '"arc"').replace("folders", "folder")
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text)
    assert "line 2, method" in str(caught.value)
    assert "line 4, clips.folders: it is missing; write it" in str(caught.value)
    assert "line 5, clips.folder: there is no such key; did you mean folders?" in str(caught.value)


def test_a_hundred_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(DefinitionError, match="104,857,600 bytes"):
        read_definition(path)


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe", "not UTF-8"), (None, "no such")])
def test_a_file_that_is_no_text_or_not_there_is_told(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DefinitionError, match=said):
        read_definition(path)


def test_a_link_is_no_definition(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(GOOD)
    (tmp_path / "p.toml").symlink_to(tmp_path / "real.toml")
    with pytest.raises(DefinitionError, match="it is a link"):
        read_definition(tmp_path / "p.toml")


@pytest.mark.parametrize("said", ["../clips", "/etc", "clips/../../clips", "C:\\Windows", "link"])
def test_paths_out_of_the_definitions_folder_are_refused_unless_allowed(said: str, tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    base = tmp_path / "panel"
    base.mkdir()
    (base / "link").symlink_to(tmp_path / "clips")
    text = GOOD.replace('"clips"', repr(said))
    with pytest.raises(UntrustedPanel) as caught:
        build(parse_definition(text), tmp_path / "out", FakeRenderer(), places=Places(base))
    assert "outside the folder" in str(caught.value)
    assert not (tmp_path / "out").exists()
    if said in ("../clips", "link"):
        places = Places(base, (tmp_path / "clips",))
        assert build(parse_definition(text), tmp_path / "out", FakeRenderer(), places=places).key.stimuli


def test_a_clip_that_is_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    (tmp_path / "secret.wav").write_bytes((tmp_path / "clips/one/c0.wav").read_bytes())
    base = tmp_path / "panel"
    (tmp_path / "clips").rename(base)
    base.mkdir(exist_ok=True)
    (base / "clips").mkdir()
    for name in ("clean", "lossy_signals", "one", "two"):
        (base / name).rename(base / "clips" / name)
    (base / "clips/one/c0.wav").unlink()
    (base / "clips/one/c0.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(UntrustedPanel, match="outside the folder"):
        build(parse_definition(GOOD), tmp_path / "out", FakeRenderer(), places=Places(base))


def test_lines_are_found_for_keys_in_tables_arrays_and_inline_tables() -> None:
    lines = locate('a = 1\n\n[b.c]\nd = 2 # x\n[[e]]\nf = 3\n[[e]]\n"g h" = {i = 1}\n[e.j]\nk = 1\n')
    assert line_of(lines, ("b", "c", "d")) == 4
    assert line_of(lines, ("e", 0, "f")) == 6
    assert line_of(lines, ("e", 1, "g h", "i")) == 8
    assert line_of(lines, ("e", 1, "j", "k")) == 10
    assert line_of(lines, ("nowhere", 5)) == 1


def uncommented(text: str) -> str:
    """Return a starter file with every hint switched on but the other way to choose clips."""
    shown = re.sub(r"^# (?=\[|[a-z_]+ +=)", "", text, flags=re.MULTILINE)
    return shown.replace("\nper_stratum =", "\n# per_stratum =")


@pytest.mark.parametrize("name", ["acr", "mushra", "ab", "abx"])
def test_every_hint_of_the_starter_file_works_without_its_hash(name: str) -> None:
    text = uncommented(starter(method(name)))
    if name != "acr":  # checks with a known answer need categories
        text = re.sub(r"^(clear_|\[\[checks|file =|answer =).*$", "", text, flags=re.MULTILINE)
    made = parse_definition(text)
    assert (made.listeners, made.ratings_per_condition) == (["Ann", "Ben"], 8)
    assert all((made.consent, made.tags, made.question, made.clips.names, made.training.clips))
    assert [one.name for one in made.condition] == ["zero fill", "repeat with fade", "Q15", "our model"]


@pytest.mark.parametrize("one", methods(), ids=lambda one: one.name)
def test_the_starter_file_is_valid_for_every_method(one: Method) -> None:
    definition = parse_definition(starter(one, 'My "own" panel'))
    assert (definition.method, definition.title) == (one, "My 'own' panel")


def test_a_definition_made_by_a_program_reads_back_the_same(tmp_path: Path) -> None:
    conditions = [
        ConditionPart(name="a", files="one"),
        ConditionPart(name="b", concealer="repeat_fade", parameters={"fade": 0.5, "mode": "x"}),
    ]
    made = definition_for(
        [Path("clips")], ["c1", "c2"], conditions, method("ab"), pairs=[("a", "b")], repeats=2
    )
    assert parse_definition(to_toml(made)) == made
    assert 'folders = ["clips"]' in to_toml(made, Path.cwd())


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_whatever_the_text_it_is_a_definition_or_a_told_error(text: str) -> None:
    with contextlib.suppress(DefinitionError):
        assert isinstance(parse_definition(GOOD + text), PanelDefinition)


@pytest.mark.parametrize("more", ["= 1", f"seed = {'9' * 5000}", f"seed = {'[' * 5000}"])
def test_what_more_is_said_in_the_dialog_and_is_no_toml_is_refused_in_words(more: str) -> None:
    definition = parse_definition(starter(method("acr")))
    with pytest.raises(ValueError, match="what more is said is not TOML"):
        with_more(definition, more)


def test_a_definition_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(starter(method("acr")), encoding="utf-8-sig")
    assert read_definition(tmp_path / "p.toml") == parse_definition(starter(method("acr")))
