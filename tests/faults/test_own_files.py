"""Files that the program keeps for itself: a pipe in the place of one is not waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gaplisten.bench.autosave import rescued
from gaplisten.bench.settings import Settings, read_settings
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.catalogue import Known
from gaplisten.concealers.consent import Wish, allow, is_allowed
from gaplisten.exchange.service_settings import ServiceError, load_service
from gaplisten.playback import devices
from kit.timing import that_ends

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files")
WISH = Wish("x", ("run the program: id",), "0" * 64)


def unread_settings() -> bool:
    with pytest.raises(ServiceError, match="regular"):
        load_service()
    return True


READERS: dict[str, Callable[[], object]] = {
    "config/settings.toml": lambda: read_settings() == Settings(),
    "config/plcmos-service.toml": unread_settings,
    "config/sound.json": lambda: devices.remembered() == (None, None),
    "cache/concealers.json": lambda: Known() is not None,
    "cache/concealed/ab/abc.concealed": lambda: Cache().get("abc") is None,
    "state/allowed.txt": lambda: not is_allowed("d", WISH),
    f"state/unsaved/{2**22 + 1}.toml": lambda: rescued() == [],
}


@pytest.mark.parametrize("place", READERS)
def test_a_pipe_where_the_program_keeps_a_file_is_not_waited_for(home: Path, place: str) -> None:
    (home / place).parent.mkdir(parents=True)
    os.mkfifo(home / place)
    assert that_ends(READERS[place])


@pytest.mark.parametrize("kind", ["pipe", "link", "hard link"])
def test_what_was_allowed_is_written_into_no_other_file(home: Path, tmp_path: Path, kind: str) -> None:
    (home / "state").mkdir(parents=True)
    place, other = home / "state" / "allowed.txt", tmp_path / "other.txt"
    other.write_text("mine\n")
    {
        "pipe": lambda: os.mkfifo(place),
        "link": lambda: place.symlink_to(other),
        "hard link": lambda: os.link(other, place),
    }[kind]()
    with pytest.raises(OSError, match=r"link|regular|second name"):
        that_ends(lambda: allow("d", [WISH]))
    assert other.read_text() == "mine\n"
