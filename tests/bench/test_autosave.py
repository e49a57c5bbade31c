import os
import socket
import subprocess
import sys
from pathlib import Path

from gaplisten import folders
from gaplisten.bench.autosave import Autosave, rescued
from gaplisten.bench.settings import MOST, Settings, is_there, read_settings, with_newest, write_settings
from gaplisten.bench.state import Choice, Note, Sources, Work
from gaplisten.bench.store import to_toml

WORK = Work(Sources((Path("/clips"),)), "a", (Choice("x"),)).with_clip(
    "a", Work().clip("a").__class__(notes=(Note(1, "click", "ü"),))
)

KEEP_AND_DIE = """
import os, sys
from pathlib import Path
from gaplisten.bench.autosave import Autosave
from gaplisten.bench.state import *
work = Work(Sources((Path("/clips"),)), "a").with_clip("a", ClipWork(notes=(Note(7, "mute", "kept"),)))
Autosave(*map(Path, sys.argv[1:])).keep(work, Path("/w.toml"))
os.kill(os.getpid(), 9)
"""

CLAIM_AND_DIE = """
import os, sys
from pathlib import Path
from gaplisten.bench.autosave import rescued
(kept,) = rescued(Path(sys.argv[1]))
assert kept.claim()
os._exit(0)
"""


def test_work_survives_a_killed_process():
    subprocess.run([sys.executable, "-c", KEEP_AND_DIE], env=dict(os.environ), check=False)
    (kept,) = rescued()
    assert kept.work.clip("a").notes == (Note(7, "mute", "kept"),)
    assert kept.work.sources.paths == (Path("/clips"),)
    assert kept.file == Path("/w.toml")


def test_work_of_a_living_process_is_not_offered_to_another():
    living = Autosave()
    living.keep(WORK, None)
    assert rescued() == []
    living.forget()


def test_work_of_the_dead_is_offered_to_a_process_with_its_number_and_never_written_over():
    at = Path(folders.user_state(), "unsaved")
    subprocess.run([sys.executable, "-c", KEEP_AND_DIE], env=dict(os.environ), check=False)
    (left,) = at.glob("*.toml")
    # As in containers, where the first program always has the same number, and the next start of the machine.
    for name in (f"{os.getpid()}.toml", f"{os.getpid()}-0123abcd.toml"):
        left = left.rename(at / name)
        (kept,) = rescued()
        assert kept.work.clip("a").notes == (Note(7, "mute", "kept"),)
        own = Autosave()
        own.keep(WORK, None)
        assert [each.kept for each in rescued()] == [left]
        own.forget()
    kept.claim().drop()
    assert list(at.glob("*.toml")) == []


def test_a_lock_that_names_another_machine_hides_no_work(tmp_path):
    save = Autosave(tmp_path)
    save.keep(WORK, None)
    lock = save.path.with_suffix(".lock")
    said = lock.read_text()
    assert said
    save._lock.release()
    lock.write_text(said.replace(socket.gethostname(), "a-container-of-yesterday"))
    assert len(rescued(tmp_path)) == 1


def test_work_that_one_window_is_offered_is_offered_to_no_other_until_it_is_left(tmp_path):
    (tmp_path / f"{2**22 + 1}.toml").write_text(to_toml(WORK, tmp_path, held=True))
    subprocess.run([sys.executable, "-c", KEEP_AND_DIE, tmp_path], check=False)
    assert len(rescued(tmp_path)) == 2
    first, second = rescued(tmp_path), rescued(tmp_path)
    mine = [each.claim() for each in first]
    assert all(mine)
    assert rescued(tmp_path) == []
    assert [each.claim() for each in second] == [None, None]  # what was listed before is not taken, either
    mine[0].release()
    assert rescued(tmp_path) == [first[0]]
    mine[1].drop()
    assert second[1].claim() is None  # it is gone, and leaves no lock
    assert [path.name for path in tmp_path.iterdir()] == [first[0].kept.name]


def test_work_that_was_being_offered_when_its_window_died_is_offered_again(tmp_path):
    subprocess.run([sys.executable, "-c", KEEP_AND_DIE, tmp_path], check=False)
    subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, tmp_path], check=True)
    (kept,) = rescued(tmp_path)
    assert kept.work.clip("a").notes == (Note(7, "mute", "kept"),)
    assert kept.claim() is not None


def test_where_no_lock_can_be_made_work_is_offered_all_the_same(tmp_path):
    left = tmp_path / f"{2**22 + 1}.toml"
    left.write_text(to_toml(WORK, tmp_path, held=True))
    left.with_suffix(".lock").mkdir()
    (kept,) = rescued(tmp_path)
    kept.claim().drop()
    assert not left.exists()


def test_locks_and_halves_of_processes_that_died_are_swept_and_those_of_the_living_stay(tmp_path):
    left = [tmp_path / name for name in ("7-0123abcd.lock", "8-0123abcd.toml.0123456789ab.part")]
    living = Autosave(tmp_path)
    living.keep(WORK, None)
    living.path.unlink()
    others = [living.path.with_suffix(".lock"), tmp_path / "mine.lock", tmp_path / "9-0123abcd.lock"]
    for path in (*left, *others[1:]):
        path.write_text("")
    for path in (*left, *others[:2]):  # the last of all has only just been made
        os.utime(path, (1, 1))
    assert rescued(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == sorted(others)
    living.forget()


def test_saved_work_leaves_nothing_behind():
    save = Autosave()
    save.keep(WORK, None)
    save.forget()
    save.forget()
    assert list(save.path.parent.iterdir()) == []


def test_leftovers_that_cannot_be_read_are_skipped(tmp_path):
    (tmp_path / "999999.toml").write_text("nonsense = ")
    (tmp_path / "word.toml").write_bytes(b"\xff")
    assert rescued(tmp_path) == []


NO_TEXT = os.fsdecode(b"caf\xe9\n[x]")  # a name as an old disk has it, with a line end in it


def test_work_with_names_that_are_no_text_survives_too(tmp_path):
    clip = Work().clip("a").__class__(notes=(Note(1, "click", NO_TEXT, NO_TEXT),))
    work = Work(Sources((Path("/", NO_TEXT),)), NO_TEXT, order=(NO_TEXT,)).with_clip(NO_TEXT, clip)
    save = Autosave(tmp_path)
    save.keep(work, Path("/", NO_TEXT))
    save.path.rename(tmp_path / f"{2**22 + 1}.toml")  # no process has that number
    (kept,) = rescued(tmp_path)
    assert kept.work == work
    assert kept.file == Path("/", NO_TEXT)


def test_a_rescue_of_an_earlier_version_names_its_file_bare(tmp_path):
    head = "# of process 4\n# of file /a b.toml\n"
    (tmp_path / f"{2**22 + 1}.toml").write_text(head + to_toml(WORK, tmp_path, held=True))
    (kept,) = rescued(tmp_path)
    assert kept.file == Path("/a b.toml")


def test_recent_places_are_ten_each_once_newest_first(tmp_path):
    places = []
    for number in range(12):
        places = with_newest(places, tmp_path / str(number))
    places = with_newest(places, tmp_path / "5")
    assert len(places) == MOST
    assert places[:3] == [str(tmp_path / name) for name in ("5", "11", "10")]
    assert not is_there(places[0])
    assert is_there(str(tmp_path))


def test_settings_come_back_and_nonsense_falls_back(tmp_path):
    path = tmp_path / "s.toml"
    write_settings(Settings(theme="dark", context_ms=100.0), path)
    assert read_settings(path) == Settings(theme="dark", context_ms=100.0)
    path.write_text('theme = "pink"\nswitching_ms = "long"\nlevel_dbov = -30\ncontext_ms = nan\nextra = 1')
    assert read_settings(path) == Settings(level_dbov=-30.0)
    path.write_text("= nonsense")
    assert read_settings(path) == Settings()
    assert read_settings(tmp_path / "none.toml") == Settings()
