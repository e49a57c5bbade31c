"""A workbench file runs nothing that its reader has not allowed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gaplisten.bench.allowed import remember, remember_shown, review, touched, withheld_lanes
from gaplisten.bench.autosave import Autosave, rescued
from gaplisten.bench.document import Document
from gaplisten.bench.state import Choice, Withheld, Work
from gaplisten.bench.store import read_work, to_toml, write_work
from gaplisten.concealers import code_files
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter
from gaplisten.concealers.named_files import MOST_FILES, Stamp, contents_of, stamp_of
from gaplisten.durable.digests import sha256_of
from kit.timing import that_ends


def entry(name: str, *parameters: Parameter) -> Entry:
    return Entry(name, name, "whole_file", parameters, (), None, None, None, "", Path(f"{name}.py"), "d")


CATALOGUE = Catalogue(
    (
        entry("repeat_fade", Parameter("hold", "float"), Parameter("shape", "choice", choices=("a", "b c"))),
        entry("external_command", Parameter("command", "str"), Parameter("strip", "int")),
        entry("onnx_frames", Parameter("description", "path")),
        entry("opus", Parameter("bitrate", "int"), Parameter("library", "path")),
        entry("mine", Parameter("mode", "str"), Parameter("cmd", "str")),
        BrokenEntry("broken", Path("broken.py"), "it raises"),
    )
)
COMMAND = Choice("external_command", (("command", "sh -c 'id > /tmp/x' {out_wav}"), ("strip", 3)))
FADE = Choice("repeat_fade", (("hold", 5.0), ("shape", "b c")))


@pytest.fixture
def saved(tmp_path: Path):
    """Write a file as a stranger would, and read it."""

    def save(*choices: Choice) -> Work:
        path = tmp_path / "sent.gaplisten.toml"
        write_work(path, Work(choices=choices))
        return read_work(path)

    return save


def left(work: Work) -> list[str]:
    """What stays off once the catalogue is known."""
    return [str(wish) for _, wish in review(work, CATALOGUE).wishes]


def test_a_file_of_bundled_and_plugin_folder_concealers_opens_without_a_question(saved):
    for choice in (
        FADE,
        Choice("repeat_fade"),
        Choice("mine", (("mode", "fast_2"),)),
        Choice("external_command"),
    ):
        work = saved(choice)
        assert work.allowing(review(work, CATALOGUE).freed).choices == (choice,)


def test_nothing_with_text_in_it_is_on_before_the_catalogue_is_known(saved):
    work = saved(Choice("repeat_fade", (("hold", 5.0),)), COMMAND, FADE)
    assert work.choices == (Choice("repeat_fade", (("hold", 5.0),)),)
    assert work.withheld == (Withheld(1, COMMAND), Withheld(2, FADE))


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (COMMAND, "run the program: sh -c 'id > /tmp/x' {out_wav}"),
        (Choice("mine", (("cmd", "reboot"),)), "run the program: reboot"),
        (Choice("evil_plc.py"), f"run the code in {Path.cwd()}{os.sep}evil_plc.py"),
        (Choice("/media/usb/evil_plc.py"), "run the code in /media/usb/evil_plc.py"),
        (Choice("..\\\\evil"), "run the code in"),
        (Choice("onnx_frames", (("description", "/etc/model.toml"),)), "read /etc/model.toml (description)"),
        (Choice("onnx_frames", (("description", "model"),)), f"read {Path.cwd()}{os.sep}model"),
        (Choice("mine", (("mode", "../weights.pt"),)), "use the text '../weights.pt' as mode"),
        (Choice("mine", (("mode", "rm -r ."),)), "use the text 'rm -r .' as mode"),
        (Choice("not_there", (("command", "id"),)), "run the program: id"),
        (Choice("external_codec", (("encode_command", "sh -c id"),)), "run the program: sh -c id"),
        (Choice("external_codec", (("decode_command", "reboot"),)), "run the program: reboot"),
        (Choice("opus", (("library", "/tmp/evil.so"),)), "run the code in /tmp/evil.so (library)"),
        (Choice("broken", (("weights", "a.bin"),)), "use the text 'a.bin' as weights"),
    ],
)
def test_programs_code_models_and_paths_stay_off_and_are_told_in_full(saved, choice, told):
    work = saved(FADE, choice)
    freed = review(work, CATALOGUE).freed
    assert work.allowing(freed).choices == (FADE,)
    (said,) = left(work)
    assert told in said


def test_what_is_told_cannot_draw_on_the_screen(saved):
    (said,) = left(saved(Choice("external_command", (("command", "\x1b[2J\u202ehs\x00"),))))
    assert "\\x1b[2J\\u202ehs\\x00" in said


def test_consent_holds_for_this_very_document(saved, tmp_path):
    work = saved(COMMAND)
    remember(work, [COMMAND], CATALOGUE)
    assert left(read_work(tmp_path / "sent.gaplisten.toml")) == []
    other = tmp_path / "other.gaplisten.toml"
    other.write_bytes((tmp_path / "sent.gaplisten.toml").read_bytes() + b"# another\n")
    assert left(read_work(other)) != []


def test_consent_ends_when_the_program_changes_wherever_the_command_names_it(saved, tmp_path):
    program = tmp_path / "plc"
    for command in (f"{program} x", f"sh -c 'true; {program}'", f'sh -c "V=1 {program}>out"'):
        program.write_text("one")
        choice = Choice("external_command", (("command", command),))
        work = saved(choice)
        remember(work, [choice], CATALOGUE)
        assert left(work) == []
        program.write_text("two")
        assert left(work) != [], command


def test_consent_ends_when_code_changes_or_what_lies_beside_it(saved, tmp_path):
    code, helper = tmp_path / "plc.py", tmp_path / "helper.py"
    code.write_text("one")
    helper.write_text("one")
    choice = Choice(str(code))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    helper.write_text("two")
    assert left(work) != []
    helper.write_text("one")
    assert left(work) == []
    code.write_text("two")
    assert left(work) != []


def test_consent_ends_when_a_model_changes_that_a_description_names(saved, tmp_path):
    model, numbers, description = (tmp_path / name for name in ("m.onnx", "m.onnx.data", "m.toml"))
    description.write_text('model = "m.onnx"\n')
    choice = Choice("onnx_frames", (("description", str(description)),))
    for changed in (model, numbers, description):
        model.write_bytes(b"one")
        numbers.write_bytes(b"one")
        work = saved(choice)
        remember(work, [choice], CATALOGUE)
        assert left(work) == []
        changed.write_bytes(changed.read_bytes() + b"\n# two")
        assert left(work) != [], changed
        description.write_text('model = "m.onnx"\n')


def entry_of_model(name: str, reversed_order: bool = False) -> bytes:
    """What an ONNX model says of numbers that it keeps in another file."""
    key, value = b"\n\x08location", b"\x12" + varint(len(name)) + name.encode()
    return b"\x08\x01j" + (value + key + b"p\x01" if reversed_order else key + value) + b"p\x01"


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])


@pytest.mark.parametrize("name", ["weights.bin", f"{'w' * 200}.bin"])
@pytest.mark.parametrize("by_description", [True, False])
def test_consent_ends_when_numbers_change_that_a_model_keeps_under_another_name(
    saved, tmp_path, name, by_description
):
    model, numbers, description = (tmp_path / each for each in ("m.onnx", name, "m.toml"))
    description.write_text('model = "m.onnx"\n')
    model.write_bytes(b"\x08\x07" + entry_of_model(name))
    numbers.write_bytes(b"one")
    named = description if by_description else model
    choice = Choice("onnx_frames", (("description", str(named)),))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    numbers.write_bytes(b"two")
    assert left(work) != []


def test_a_model_that_hides_where_its_numbers_are_is_always_asked_about(saved, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(entry_of_model("weights.bin", reversed_order=True))
    choice = Choice("onnx_frames", (("description", str(model)),))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) != []


def test_allowing_what_was_shown_reads_no_file_and_holds_for_the_files_as_they_were(saved, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(b"one")
    work = saved(Choice("onnx_frames", (("description", str(model)),)))
    shown = review(work, CATALOGUE)
    model.write_bytes(b"two")
    remember_shown(work, shown)
    assert left(work) != []
    model.write_bytes(b"one")
    assert left(work) == []


def test_a_pipe_that_a_command_names_is_not_waited_for(saved, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    work = saved(Choice("external_command", (("command", f"cat {tmp_path / 'pipe'}"),)))
    assert len(that_ends(lambda: left(work))) == 1


def test_allowed_concealers_stand_where_the_file_has_them(saved):
    plain = Choice("repeat_fade", (("hold", 1.0),))
    every = (COMMAND, plain, FADE, Choice("evil.py"), plain)
    work = saved(*every)
    first, second, third = work.withheld
    assert work.allowing([third]).allowing([first]).allowing([second]).choices == every
    assert work.allowing([second, third, first]).choices == every


def test_what_is_held_back_later_stands_where_it_stood_also_beside_gaps_that_edits_left(saved):
    third = Choice("mine", (("cmd", "reboot"),))
    work = saved(FADE, COMMAND, third)
    on = work.allowing(work.withheld)
    document = Document(on)
    document.hold_back([third, COMMAND])
    assert document.work.withheld == (Withheld(1, COMMAND), Withheld(2, third))
    assert document.work.allowing(document.work.withheld).choices == on.choices
    assert not document.unsaved
    document.switch_off(0)
    document.switch_on("zero_fill")
    document.hold_back(document.work.choices)  # places 0, 1 and 2, of which two are taken
    assert [each.place for each in document.work.withheld] == [0, 1, 2]


def test_what_was_allowed_is_told_changed_when_its_code_was_written_replaced_or_removed(saved, tmp_path):
    code = tmp_path / "plc.py"
    code.write_text("def conceal(lossy, lost, rate, packet_frames):\n    return lossy\n")
    choice = Choice(str(code))
    work = saved(choice)
    wishes = [wish for _, wish in review(work, CATALOGUE).wishes]
    on = work.allowing(work.withheld)
    assert touched(on, wishes) == ()
    other = tmp_path / "other"
    other.write_text(code.read_text())
    os.utime(other, ns=(code.stat().st_atime_ns, code.stat().st_mtime_ns))
    other.replace(code)  # of the same size and time
    assert touched(on, wishes) == (choice,)
    code.unlink()
    assert touched(on, wishes) == (choice,)


@pytest.mark.parametrize("when", ["before it is listed", "after it is listed"])
def test_code_that_comes_while_its_folder_is_looked_at_is_seen_at_the_latest_by_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The folder's time is taken before it is listed: one taken after it would be the newcomer's."""
    (tmp_path / "plc.py").write_text("import helper\n")
    late = tmp_path / "helper.py"
    os.utime(tmp_path, ns=(10**18, 10**18))
    listed = code_files._listed

    def comes() -> None:
        late.write_text("")
        os.utime(tmp_path, ns=(10**18 + 1, 10**18 + 1))

    def busy(folder: Path) -> tuple[list[str], list[str]]:
        if when == "before it is listed":
            comes()
        found = listed(folder)
        if when == "after it is listed":
            comes()
        return found

    stamps: dict[Path, Stamp] = {}
    with monkeypatch.context() as patch:
        patch.setattr(code_files, "_listed", busy)
        contents = contents_of([tmp_path / "plc.py"], stamps)
    seen = str(late) in contents
    assert seen == (when == "before it is listed")
    assert seen or stamp_of(tmp_path, stamps[tmp_path]) != stamps[tmp_path]


def test_allowing_is_no_edit_and_undoing_what_came_before_keeps_it():
    document = Document(Work(withheld=(Withheld(0, COMMAND),)))
    document.let_go(document.work.withheld)
    assert document.work.choices == (COMMAND,)
    assert not document.unsaved
    assert document.undo() == ""


def test_a_file_saved_again_holds_what_was_off_and_still_asks(tmp_path):
    path = tmp_path / "sent.gaplisten.toml"
    write_work(path, Work(choices=(COMMAND, FADE)))
    before = path.read_bytes()
    write_work(path, read_work(path))
    assert path.read_bytes() == before
    assert left(read_work(path)) != []


def test_a_crash_lets_nothing_loose_that_was_off(tmp_path, monkeypatch):
    keeper = Autosave(tmp_path)
    keeper.keep(Work(choices=(FADE,), withheld=(Withheld(0, COMMAND),)), None)
    monkeypatch.setattr("gaplisten.bench.autosave._alive", lambda _path: False)
    (found,) = rescued(tmp_path)
    assert found.work == Work(choices=(FADE,), withheld=(Withheld(0, COMMAND),))


def test_a_withheld_lane_says_what_it_wants(saved):
    work = saved(COMMAND)
    (before,) = withheld_lanes(work, review(Work(), CATALOGUE))
    assert (before.signal, before.failed) == (None, False)
    (lane,) = withheld_lanes(work, review(work, CATALOGUE))
    assert lane.signal is None
    assert lane.failed
    assert "wants to run the program: sh -c 'id > /tmp/x' {out_wav}" in lane.state


def test_the_digest_of_what_was_written_is_that_of_the_file(tmp_path):
    path = tmp_path / "w.toml"
    assert write_work(path, Work()) == sha256_of(path) == read_work(path).document
    assert "held" not in to_toml(Work(withheld=(Withheld(0, COMMAND),)), tmp_path)


def test_a_command_cannot_write_lines_of_its_own_into_the_question(saved):
    command = "plc {out_wav}\n\nrepeat_fade\tx\u200by\u3164z\u00a0"
    (said,) = left(saved(Choice("external_command", (("command", command),))))
    assert "plc {out_wav}\\n\\nrepeat_fade\\tx\\u200by\\u3164z\\xa0" in said


@pytest.mark.parametrize("helper", ["parts/core.py", "parts/inner/core.py", "fast.so", "__pycache__/h.pyc"])
def test_consent_ends_when_packages_or_compiled_code_beside_it_change(saved, tmp_path, helper):
    (tmp_path / "plc.py").write_text("from parts import core")
    (tmp_path / helper).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / helper).write_text("one")
    for choice in (
        Choice(str(tmp_path / "plc.py")),
        Choice("external_command", (("command", f"python3 {tmp_path / 'plc.py'} {{out_wav}}"),)),
    ):
        (tmp_path / helper).write_text("one")
        work = saved(choice)
        remember(work, [choice], CATALOGUE)
        assert left(work) == []
        (tmp_path / helper).write_text("two")
        assert left(work) != []


@pytest.mark.parametrize(
    "word", ["~/bin/plc", "$HOME/bin/plc", "{here}/bin/pl{rate:.0s}c", "{here}/bin/p{rate:.1s}c"]
)
def test_consent_ends_when_a_program_changes_whose_name_a_shell_or_the_template_completes(
    saved, tmp_path, monkeypatch, word
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bin").mkdir()
    programs = [tmp_path / "bin" / name for name in ("plc", "p1c")]
    word = word.replace("{here}", str(tmp_path))
    choice = Choice("external_command", (("command", f"sh -c '{word} {{out_wav}}'"),))
    for program in programs:
        program.write_text("one")
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    for program in programs:
        program.write_text("two")
    assert left(work) != []


def test_a_file_without_end_is_not_read_to_it_and_always_asked_about(saved, tmp_path):
    with (tmp_path / "huge.onnx").open("wb") as huge:
        huge.truncate(2**40)
    for path in filter(Path.exists, (tmp_path / "huge.onnx", Path("/proc/self/pagemap"))):
        choice = Choice("onnx_frames", (("description", str(path)),))
        work = saved(choice)
        that_ends(lambda work=work, choice=choice: remember(work, [choice], CATALOGUE))
        assert len(that_ends(lambda work=work: left(work))) == 1


PLUGIN = "def conceal(lossy, lost, rate, packet_frames):\n    return lossy\n"


def linked(path: Path, text: str) -> None:
    """Put a folder with a module elsewhere, and a link to it in the place of `path`'s folder."""
    other = path.parents[1].parent / "elsewhere"
    other.mkdir(exist_ok=True)
    (other / path.name).write_text(text)
    if not path.parent.exists():
        path.parent.symlink_to(other, target_is_directory=True)


def plain(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# What a file of code can come to run or read without a change of its own text.
ADDED = {
    "a module of a library's name": ("import numpy\n" + PLUGIN, "numpy.py", plain),
    "a package": ("import parts.core\n" + PLUGIN, "parts/core.py", plain),
    "a package behind a link": ("import parts.core\n" + PLUGIN, "parts/core.py", linked),
    "compiled code": ("import fast\n" + PLUGIN, "fast.cpython-311-x86_64-linux-gnu.so", plain),
    "a hidden folder in the path": (
        "import sys; sys.path.insert(0, '.lib')\n" + PLUGIN,
        ".lib/core.py",
        plain,
    ),
    "a model": ("MODEL = HERE / 'weights/net.onnx'\n" + PLUGIN, "weights/net.onnx", plain),
    "weights of its own name": ("np.load(HERE.with_suffix('.npz'))\n" + PLUGIN, "plc.npz", plain),
    "settings": ("json.load(open('plc_48k.json'))\n" + PLUGIN, "plc_48k.json", plain),
}


@pytest.mark.parametrize("kind", ADDED)
def test_consent_ends_when_something_is_put_beside_code_that_it_would_take(saved, tmp_path, kind):
    text, name, put = ADDED[kind]
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "plc.py").write_text(text)
    choice = Choice(str(folder / "plc.py"))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    put(folder / name, "one")
    assert left(work) != []
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    put(folder / name, "two")
    assert left(work) != []


def test_what_scripts_name_counts_through_all_of_them_and_sounds_and_logs_do_not(saved, tmp_path):
    (tmp_path / "plc.sh").write_text(
        f"#!/bin/sh\n. ./inner.sh\ncp a.wav b.wav\necho done >> plc.log {tmp_path}/o.txt\n"
    )
    (tmp_path / "inner.sh").write_text("exec ./core --model net.bin\n")
    choice = Choice("external_command", (("command", f"sh {tmp_path / 'plc.sh'} {{in_wav}} {{out_wav}}"),))
    work = saved(choice)
    for name in ("inner.sh", "core", "net.bin"):
        remember(work, [choice], CATALOGUE)
        assert left(work) == []
        (tmp_path / name).write_text((tmp_path / name).read_text() + "# 2\n" if name == "inner.sh" else "one")
        (tmp_path / name).chmod(0o755)
        assert left(work) != [], name
    remember(work, [choice], CATALOGUE)
    for name in ("b.wav", "plc.log", "o.txt", "notes.csv"):
        (tmp_path / name).write_text("what it wrote")
    assert left(work) == []


@pytest.mark.parametrize(
    "text",
    [
        'exec "$(dirname "$0")/core" --model "$HERE/net.bin"',
        "exec ${HERE}/core --model=${HERE}/net.bin",
        "exec `dirname $0`/core -m `dirname $0`/net.bin",
        '"%~dp0core" "%~dp0net.bin"',
        'run([f"{HERE}/core", f"{HERE}/net.bin"])',
    ],
)
def test_what_a_script_names_by_a_variable_for_its_own_folder_counts(saved, tmp_path, text):
    (tmp_path / "plc.sh").write_text(text)
    choice = Choice("external_command", (("command", f"sh {tmp_path / 'plc.sh'} {{in_wav}} {{out_wav}}"),))
    work = saved(choice)
    for name in ("core", "net.bin"):
        remember(work, [choice], CATALOGUE)
        assert left(work) == []
        (tmp_path / name).write_text("one")
        (tmp_path / name).chmod(0o755)
        assert left(work) != [], name


def test_a_script_that_names_more_than_is_looked_at_is_asked_about_each_time(saved, tmp_path):
    names = [f".hidden{number}" for number in range(MOST_FILES)]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "plc.sh").write_text("\n".join([*names, "./inner.sh"]))
    (tmp_path / "inner.sh").write_text("./core")
    choice = Choice("external_command", (("command", f"sh {tmp_path / 'plc.sh'} {{in_wav}} {{out_wav}}"),))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) != []


def test_code_that_is_a_link_brings_the_folder_of_its_target(saved, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "plc.py").write_text(PLUGIN)
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "plc.py")
    choice = Choice(str(tmp_path / "link.py"))
    work = saved(choice)
    remember(work, [choice], CATALOGUE)
    assert left(work) == []
    (tmp_path / "real" / "helper.py").write_text("one")
    assert left(work) != []


def test_links_that_lead_back_are_walked_once(saved, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "plc.py").write_text(PLUGIN)
    (tmp_path / "code" / "again").symlink_to(tmp_path / "code", target_is_directory=True)
    choice = Choice(str(tmp_path / "code" / "plc.py"))
    work = saved(choice)
    that_ends(lambda: remember(work, [choice], CATALOGUE))
    assert left(work) == []


def test_code_added_while_a_file_is_open_is_told_and_sounds_written_there_are_not(saved, tmp_path):
    folder = tmp_path / "code"
    (folder / "parts").mkdir(parents=True)
    (folder / "plc.py").write_text(PLUGIN)
    choice = Choice(str(folder / "plc.py"))
    work = saved(choice)
    wishes = [wish for _, wish in review(work, CATALOGUE).wishes]
    on = work.allowing(work.withheld)
    (folder / "out.wav").write_bytes(b"RIFF")
    (folder / "parts" / "run.log").write_text("done")
    assert touched(on, wishes) == ()
    for name in ("numpy.py", "parts/core.py"):
        (folder / name).write_text("one")
        assert touched(on, wishes) == (choice,), name
        (folder / name).unlink()
        assert touched(on, wishes) == ()


def test_code_that_was_not_there_when_it_was_allowed_and_appears_is_told(saved, tmp_path):
    choice = Choice(str(tmp_path / "later.py"))
    work = saved(choice)
    wishes = [wish for _, wish in review(work, CATALOGUE).wishes]
    on = work.allowing(work.withheld)
    assert touched(on, wishes) == ()
    (tmp_path / "later.py").write_text(PLUGIN)
    assert touched(on, wishes) == (choice,)
