"""Who talks in a clip: by a table, or by a pattern that the clips' names follow."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.panel.safety import UntrustedPanel, clean_name, read_limited
from gaplisten.texts import records

FEMALE, MALE = "female", "male"
_SEXES = {"f": FEMALE, "w": FEMALE, "female": FEMALE, "woman": FEMALE, "m": MALE, "male": MALE, "man": MALE}
_FIELDS = {"talker": r"(?P<talker>[^\s_.\-]+?)", "sex": r"(?P<sex>female|male|woman|man|[fmw])"}
_MOST_STARS = 4  # more of them could make a name take for ever
_LARGEST_TABLE = 16 * 2**20


class TalkersError(GaplistenError):
    """A table or pattern that does not say who talks."""


@dataclass(frozen=True)
class Talker:
    """Who talks in a clip; "" for what is not known.

    Parameters
    ----------
    sex
        "female", "male", or as it was written.
    """

    name: str = ""
    sex: str = ""


NOBODY = Talker()


def sex_of(text: str) -> str:
    """Return a sex in one spelling.

    >>> sex_of("F"), sex_of("male"), sex_of("d")
    ('female', 'male', 'd')
    """
    return _SEXES.get(text.strip().casefold(), text.strip())


def by_pattern(pattern: str, names: Iterable[str]) -> dict[str, Talker]:
    """Return who talks in each clip by its name.

    Parameters
    ----------
    pattern
        As ``{sex}{talker}_*``: `talker` is a run of signs but ``_ - .`` and space, `sex` one of f, m, w,
        female, male, woman, man, and ``*`` anything.

    Raises
    ------
    TalkersError
        If the pattern names neither, or a clip does not follow it.
    """
    parts = re.split(r"(\{talker\}|\{sex\}|\*)", pattern)
    if parts.count("*") > _MOST_STARS or not ({"{talker}", "{sex}"} & set(parts)):
        fact = f"it must hold {{talker}} or {{sex}}, each once, and * at most {_MOST_STARS} times"
        raise TalkersError(f"the pattern {pattern!r}", fact, "write it as '{sex}{talker}_*'")
    if parts.count("{talker}") > 1 or parts.count("{sex}") > 1:
        raise TalkersError(f"the pattern {pattern!r}", "a field stands there twice", "use * for the second")
    wanted = "".join(
        ".*" if part == "*" else _FIELDS[part[1:-1]] if part in ("{talker}", "{sex}") else re.escape(part)
        for part in parts
    )
    compiled = re.compile(wanted, re.IGNORECASE)
    made = {}
    for name in names:
        found = compiled.fullmatch(name)
        if found is None:
            fact = f"its name does not follow {pattern!r}"
            raise TalkersError(f"clip {name}", fact, "give a table instead (clips.talkers)")
        said = found.groupdict()
        sex = sex_of(said.get("sex") or "")
        talker = said.get("talker") or ""
        # f1 and m1 are two people.
        made[name] = Talker(f"{said['sex']}{talker}" if talker.isdecimal() and sex else talker, sex)
    return made


def by_table(path: Path, names: Iterable[str]) -> dict[str, Talker]:
    """Return who talks in each clip by a CSV with the columns `clip`, `talker` and `sex` (or one of them).

    Raises
    ------
    TalkersError
        If it is no such table, names a clip twice, or lacks one.
    """
    try:
        rows = records(read_limited(path, _LARGEST_TABLE, "table of talkers"))
    except UntrustedPanel as error:
        raise TalkersError(error.thing, error.fact, error.way_out) from error
    except UnicodeDecodeError as error:
        raise TalkersError(str(path), f"it is no text ({error.reason})", "save it as UTF-8") from error
    except csv.Error as error:
        raise TalkersError(str(path), f"it is no table: {error}", "save it as CSV") from error
    columns = {name.strip().casefold(): name for name in (rows[0] if rows else {}) if name}
    if "clip" not in columns or not {"talker", "sex"} & set(columns):
        fact = f"its columns are {', '.join(columns) or 'none'}"
        raise TalkersError(str(path), fact, "give it the columns clip, talker and sex")
    found: dict[str, Talker] = {}
    for row in rows:
        clip = (row[columns["clip"]] or "").strip()
        if clip in found:
            raise TalkersError(str(path), f"the clip {clip!r} stands there twice", "keep one of the rows")
        found[clip] = Talker(_read(row, columns, "talker"), sex_of(_read(row, columns, "sex")))
    return _all_of(found, names, path)


def _read(row: Mapping[str, str | None], columns: Mapping[str, str], name: str) -> str:
    said = (row.get(columns.get(name, "")) or "").strip()
    try:
        return clean_name(said, name) if said else ""
    except UntrustedPanel as error:
        raise TalkersError(error.thing, error.fact, error.way_out) from error


def _all_of(found: Mapping[str, Talker], names: Iterable[str], path: Path) -> dict[str, Talker]:
    missing = [name for name in names if name not in found]
    if missing:
        fact = f"{counted(len(missing), 'clip is', 'clips are')} not in it ({', '.join(missing[:3])})"
        raise TalkersError(str(path), fact, "add them, with the talker left empty where nobody knows")
    return {name: found[name] for name in names}
