"""Which part of a path names the clip and which the version: found by what the names of many files share.

Each path can be read in many ways: as a *pattern* (what tells the version) with a *key* in it (what tells the
clip). Files belong together when patterns share their keys. A *grid* is a set of patterns whose keys agree;
the one that joins the most files, best borne out by words that tell roles, is taken.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gaplisten.clips.names import Role, is_numbered_condition, maybe_role, role_in_name
from gaplisten.clips.patterns import literal

_ATOM = re.compile(r"[^\W\d_]+|\d+|[\W_]+", re.DOTALL)
_UNIT = re.compile(r"[^\W_]+|[\W_]+", re.DOTALL)
_TAIL = re.compile(r"[-_][0-9a-fA-F]*\d[0-9a-fA-F]*$")
_WORD_BEFORE = re.compile(r"[\W_][^\W\d_]{2,}[\W_]$")
_MOST_ATOMS, _MOST_DEPTH = 16, 6
_NEARLY, _SURE = 0.95, 5.5
_SEEDS, _KEPT = 48, 4
_INSIDE_WORD, _AFTER_NUMBER = 0.3, 0.05  # what it costs to part "c03" or "f1s01"
_FRINGE = " ._-()"
CLIP, GROUP = "{clip}", "{group}"

Reading = tuple[str, str, float]  # pattern, key, cost


@dataclass(frozen=True)
class Grid:
    """Patterns whose keys agree.

    Parameters
    ----------
    patterns
        By how many files they have, the most first.
    keys
        Of the files looked at.
    joined
        Share of files that lie in a clip with another version, 0..1.
    told
        Whether words in the patterns tell roles, so that the sound need not be asked.
    hinted
        Whether words in them may tell roles.
    """

    patterns: tuple[str, ...]
    keys: frozenset[str]
    joined: float
    told: bool
    hinted: bool
    score: float


# -- the ways to read a path --------------------------------------------------------


def _is_word(atom: str) -> bool:
    return atom[0].isalnum()


def _cut_cost(left: str, right: str) -> float:
    """Return what it costs to part a name between two atoms."""
    if not _is_word(left) or not _is_word(right):
        return 0.0
    return _AFTER_NUMBER if left.isdigit() else _INSIDE_WORD


@lru_cache(maxsize=8192)
def _name_readings(name: str) -> tuple[Reading, ...]:
    """Return patterns of a name with the key in it; the key is empty where all tells the version."""
    atoms = _ATOM.findall(name)[:_MOST_ATOMS]
    atoms = [*atoms, name[len("".join(atoms)) :]] if len("".join(atoms)) < len(name) else atoms
    found: list[Reading] = [(CLIP, name, 0.0), (literal(name), "", 0.1)]
    if tail := _TAIL.search(name):
        cut = tail.start() + 1
        found.append((literal(name[:cut]) + "*", "", 0.4))
    count = len(atoms)
    for start in range(count):
        for stop in range(start + 1, count + 1):
            if stop - start == count or not (_is_word(atoms[start]) and _is_word(atoms[stop - 1])):
                continue
            before, key, after = "".join(atoms[:start]), "".join(atoms[start:stop]), "".join(atoms[stop:])
            cost = _cut_cost(atoms[start - 1], atoms[start]) if start else 0.0
            cost += _cut_cost(atoms[stop - 1], atoms[stop]) if stop < count else 0.0
            cost += 0.1 if before and after else 0.0
            found.append((literal(before) + CLIP + literal(after), key, cost))
            found += _loose(before, key, after, cost)
    for start in range(1, count - 1):  # what tells the version stands between two parts of the key
        for stop in range(start + 1, count):
            inner = atoms[start:stop]
            if not any(map(_is_word, inner)) or not (_is_word(atoms[start - 1]) and _is_word(atoms[stop])):
                continue
            cost = 0.15 + _cut_cost(atoms[start - 1], inner[0]) + _cut_cost(inner[-1], atoms[stop])
            head, tail_ = "".join(atoms[:start]), "".join(atoms[stop:])
            found.append((GROUP + literal("".join(inner)) + CLIP, f"{head}_{tail_}", cost))
    return tuple(found)


def _loose(before: str, key: str, after: str, cost: float) -> Iterator[Reading]:
    """Give patterns for names of which only the key counts: ``*_{clip}``, ``{clip}_*``."""
    left, right = before[-1:], after[:1]
    apart = not left.isalnum() and not right.isalnum()
    if not apart or (left and left in key) or (right and right in key):
        return
    lead = f"*{literal(left)}{CLIP}"
    word = _WORD_BEFORE.search(before)
    if before and not after:
        yield lead, key, cost + 0.5
    elif after and not before:
        yield f"{CLIP}{literal(right)}*", key, cost + 0.5
    if word and word.start():
        tail = f"{literal(right)}*" if after else ""
        yield f"*{literal(word[0])}{CLIP}{tail}", key, cost + 0.45 + 0.2 * bool(after)


@lru_cache(maxsize=4096)
def _folder_readings(folders: tuple[str, ...]) -> tuple[Reading, ...]:
    """Return patterns of the folders before a name, with the key in them (possibly none)."""
    if not folders:
        return (("", "", 0.0),)
    count = len(folders)
    whole = "".join(literal(each) + "/" for each in folders)
    found: list[Reading] = [(whole, "", 0.0), ("**/", "/".join(folders) + "/", 0.0)]
    for at in range(count):
        if count > 1:
            before, after = "**/" * (at > 0), "**/" * (at < count - 1)
            key = "/".join([*folders[:at], *folders[at + 1 :]]) + "/"
            found.append((before + literal(folders[at]) + "/" + after, key, 0.0))
            rest = [literal(each) for each in folders]
            rest[at] = GROUP
            found.append(("/".join(rest) + "/", folders[at] + "/", 0.02))
        for pattern, key, cost in _name_readings(folders[at]):
            if key and CLIP in pattern and pattern != CLIP and GROUP not in pattern:
                rest = [literal(each) for each in folders]
                rest[at] = pattern.replace(CLIP, GROUP)
                found.append(("/".join(rest) + "/", key + "/", cost + 0.2))
    return tuple(found)


def _whole_names(path: str) -> Iterator[Reading]:
    """Give the ways to read a path whose name is the clip's, as it stands."""
    *folders, name = path.split("/")
    for before, above, dear in _folder_readings(tuple(folders)):
        if GROUP not in before:
            yield before + CLIP, above + name, dear


def readings_of(path: str) -> Iterator[Reading]:
    """Give the ways to read a path (without its suffix)."""
    *folders, name = path.split("/")
    if len(folders) > _MOST_DEPTH:
        return
    for before, above, dear in _folder_readings(tuple(folders)):
        for pattern, key, cost in _name_readings(name):
            if key:
                yield before + pattern, above + key, dear + cost
            elif above:
                # The folder is the clip: its name is the key, and folders above it belong to that.
                own = (
                    f"{before if len(folders) > 1 else ''}{CLIP}/"
                    if before == "**/"
                    else before.replace(GROUP, CLIP)
                )
                yield own + pattern, above[:-1], dear + cost
            else:
                yield before + pattern, "", dear + cost + 0.1


# -- the grid that joins them --------------------------------------------------------


class _Table:
    """All readings of some paths."""

    def __init__(self, paths: Sequence[str], readings: Callable[[str], Iterator[Reading]]) -> None:
        self.paths = paths
        self.keys: dict[str, dict[str, int]] = defaultdict(dict)  # pattern: key: path
        self.cost: dict[str, float] = {}
        self.of: list[list[tuple[str, str]]] = []
        twice: set[str] = set()
        for index, path in enumerate(paths):
            mine = []
            for pattern, key, cost in readings(path):
                if self.keys[pattern].setdefault(key, index) != index:
                    twice.add(pattern)
                if cost < self.cost.get(pattern, 9.0):
                    self.cost[pattern] = cost
                mine.append((pattern, key))
            self.of.append(mine)
        for pattern in twice:  # two versions of one clip: it does not tell versions apart
            del self.keys[pattern]
        self.patterns_with = Counter(key for keys in self.keys.values() for key in keys)
        self.files_with = Counter(key for mine in self.of for key in {key for _, key in mine})

    def seeds(self) -> list[frozenset[str]]:
        """Return sets of keys to try: those that could join most files, most keys, fewest keys."""
        cost: dict[frozenset[str], float] = {}
        for pattern, keys in self.keys.items():
            if any(self.patterns_with[key] > 1 for key in keys):
                wanted = frozenset(keys)
                cost[wanted] = min(self.cost[pattern], cost.get(wanted, 9.0))
        could = {keys: min(sum(self.files_with[key] for key in keys), len(self.paths)) for keys in cost}
        shared = {keys: sum(self.patterns_with[key] > 1 for key in keys) for keys in cost}
        joining = sorted(cost, key=lambda keys: (-could[keys], cost[keys], -len(keys)))[:_SEEDS]
        most = sorted(cost, key=lambda keys: (cost[keys] - shared[keys], -could[keys]))[:_SEEDS]
        fewest = sorted(cost, key=lambda keys: (len(keys), cost[keys], -could[keys]))[: _SEEDS // 2]
        return list(dict.fromkeys([*joining, *most, *fewest]))

    def grid(self, wanted: frozenset[str]) -> Grid | None:
        """Return the grid of the patterns with these keys."""
        support = {
            pattern: count
            for pattern, keys in self.keys.items()
            if (count := sum(map(wanted.__contains__, keys)))
        }
        taken: dict[str, list[str]] = defaultdict(list)
        for mine in self.of:
            fitting = [(pattern, key) for pattern, key in mine if key in wanted and pattern in support]
            if fitting:
                pattern, key = max(
                    fitting,
                    key=lambda each: (support[each[0]] - 0.6 * self.cost[each[0]], len(each[1]), each[0]),
                )
                taken[pattern].append(key)
        versions = Counter(key for keys in taken.values() for key in keys)
        kept = {pattern: [key for key in keys if versions[key] > 1] for pattern, keys in taken.items()}
        kept = {pattern: keys for pattern, keys in kept.items() if keys}
        if len(kept) < 2 or (wanted == {""} and len({pattern.rpartition("/")[0] for pattern in kept}) > 1):
            return None
        joined = sum(map(len, kept.values()))
        keys = frozenset(key for found in kept.values() for key in found)
        patterns = tuple(sorted(kept, key=lambda pattern: (-len(kept[pattern]), pattern)))
        dear = sum(self.cost[pattern] * len(found) for pattern, found in kept.items()) / joined
        told, hinted, sense = _sense(patterns, keys)
        share, fill = joined / len(self.paths), joined / (len(patterns) * len(keys))
        alone = 0.6 + 0.05 * len(patterns) if keys == {""} else 0.3 * (len(keys) == 1 and len(patterns) > 4)
        alone += 0.2 * any(
            map(str.isalnum, "".join(_shared_ends([bare_name(pattern) for pattern in patterns])))
        )
        # Of patterns that say the same, those that leave most to the key: their names of clips are whole.
        whole = 0.1 * sum(map(len, keys)) / len(keys) / max(map(len, self.paths))
        return Grid(
            patterns, keys, share, told, hinted, 4.0 * share + 0.6 * fill + sense - dear - alone + whole
        )


def bare_name(pattern: str) -> str:
    """Return what the names of a pattern's files say besides the clip."""
    name = re.sub(r"\{\w+\}|\*", " ", pattern.rpartition("/")[2])
    return _closed(re.sub(r"\[(.)\]", r"\1", name).strip(_FRINGE))


def _closed(text: str) -> str:
    """Give back the bracket that belongs to one within: ``PLC (v2)``."""
    return text + ")" * (text.count("(") - text.count(")"))


def _shared_ends(names: Sequence[str]) -> tuple[str, str]:
    """Return the words with which all names begin and end, where every name says more than these."""
    if len(names) < 2:
        return "", ""
    atoms = [_UNIT.findall(name) for name in names]
    shortest = min(map(len, atoms))
    start = 0
    while start < shortest and len({each[start] for each in atoms}) == 1:
        start += 1
    stop = 0
    while stop < shortest - start and len({each[-1 - stop] for each in atoms}) == 1:
        stop += 1
    if start + stop >= shortest:
        return "", ""
    return "".join(atoms[0][:start]), "".join(atoms[0][len(atoms[0]) - stop :])


def labels_of(patterns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what tells each pattern from the others: its folders and name without what they share."""
    parts = [pattern.split("/") for pattern in patterns]
    heads = [[part for part in each[:-1] if part not in ("**", CLIP, GROUP)] for each in parts]
    shared = set(heads[0]).intersection(*heads[1:]) if len(heads) > 1 else set()
    names = [bare_name(pattern) for pattern in patterns]
    before, after = map(len, _shared_ends(names))
    labels = []
    for head, name in zip(heads, names, strict=True):
        folders = [bare_name(part) for part in head if part not in shared]
        own = _closed(name[before : len(name) - after].strip(_FRINGE))
        labels.append(tuple(text for text in (*folders, own) if text))
    return labels


def _sense(patterns: Sequence[str], keys: Iterable[str]) -> tuple[bool, bool, float]:
    """Whether words tell roles of versions, or may; how well they speak for versions here, clips there."""
    labels = labels_of(patterns)
    roles = [{role_in_name(text) for text in label} for label in labels]
    maybe = [frozenset().union(*(maybe_role(text) for text in label)) for label in labels]
    references = sum(Role.REFERENCE in each for each in roles)
    lossy = sum(Role.LOSSY in each for each in roles)
    sample = list(keys)[:200]
    parts = [re.split(r"[/_\s-]", key) for key in sample]
    telling = sum(any(role_in_name(part) in (Role.REFERENCE, Role.LOSSY) for part in each) for each in parts)
    in_keys = telling / len(sample)
    told = (references > 0 or lossy > 0) and in_keys < 0.1
    sense = 1.0 * (references > 0) + 0.5 * (lossy > 0) - 3.0 * in_keys
    sense += 0.3 * (not references and any(maybe)) - 0.8 * (references > 1)
    flat = [text for label in labels for text in label]
    numbered = sum(any(map(is_numbered_condition, label)) for label in labels) / len(labels)
    keyed = sum(any(map(is_numbered_condition, each)) for each in parts) / len(sample)
    bare = sum(bool(label) and all(text.isdigit() for text in label) for label in labels) / len(labels)
    sense += 0.4 * numbered - 0.4 * keyed - 0.4 * bare
    sense += 0.1 * all("/" in pattern and not pattern.startswith(("**", CLIP)) for pattern in patterns)
    told = told or (numbered > 0.5 and keyed == 0)
    return told, told or any(maybe), sense - 0.1 * (not flat)


def grids_of(paths: Sequence[str]) -> list[Grid]:
    """Return the ways to sort files into clips and versions, the likeliest first.

    Where whole names agree in folders whose names tell roles, nothing else is tried.

    Parameters
    ----------
    paths
        Of sounds below a folder, without suffixes; some hundreds tell enough.
    """
    if len(paths) < 2:
        return []
    if any("/" in path for path in paths):
        quick = _ranked(_Table(paths, _whole_names))[:1]
        if quick and quick[0].told and quick[0].joined > _NEARLY and quick[0].score > _SURE:
            return quick
    return _ranked(_Table(paths, readings_of))


def _ranked(table: _Table) -> list[Grid]:
    found: dict[tuple[str, ...], Grid] = {}
    for wanted in table.seeds():
        grid = table.grid(wanted)
        if grid is not None:
            found.setdefault(grid.patterns, grid)
    ranked = sorted(found.values(), key=lambda grid: (-grid.score, grid.patterns))
    if not ranked:
        return []
    return [grid for grid in ranked if grid.score > ranked[0].score - 2.0][:_KEPT]


def patterns_sharing(paths: Sequence[str], keys: frozenset[str]) -> dict[str, list[int]]:
    """Return patterns under which further files hold known keys, with the files of each (by index)."""
    table = _Table(paths, readings_of)
    taken: dict[str, list[int]] = defaultdict(list)
    support = {pattern: sum(map(keys.__contains__, found)) for pattern, found in table.keys.items()}
    for index, mine in enumerate(table.of):
        fitting = [(pattern, key) for pattern, key in mine if key in keys and support.get(pattern)]
        if fitting:
            best = max(
                fitting,
                key=lambda each: (support[each[0]] - 0.6 * table.cost[each[0]], len(each[1]), each[0]),
            )
            taken[best[0]].append(index)
    return taken
