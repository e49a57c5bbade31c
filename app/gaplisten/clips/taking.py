"""What part each pattern of files plays: by words in it, traces beside it, else by its sound."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest
from pathlib import Path

from gaplisten.clips.arrangement import Part
from gaplisten.clips.layout import trace_stems
from gaplisten.clips.matching import CLIP, bare_name, labels_of, patterns_sharing
from gaplisten.clips.names import Role, is_condition_zero, maybe_role, names_role_only, role_in_name
from gaplisten.clips.roles import zero_packets
from gaplisten.clips.scanning import Tree, stem_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import AmbiguousTrace, read_trace

_PEEKS = 3
_MOST_LOOKED_INTO = 16
_MOST_TRACES = 120

Files = Mapping[str, str]


def sound_parts(
    patterns: Sequence[str], files: Sequence[Files], tree: Tree, *, traces_elsewhere: bool
) -> list[Part]:
    """Say what the versions of clips are.

    Parameters
    ----------
    patterns, files
        Of each version, and the files that it has, by the clip's key.
    traces_elsewhere
        Whether losses are written down in a table or a folder of traces, so that zeros need not tell.
    """
    return _Roles(patterns, files, tree).settled(traces_elsewhere)


class _Roles:
    """The roles of versions, settled one after the other."""

    def __init__(self, patterns: Sequence[str], files: Sequence[Files], tree: Tree) -> None:
        self.files, self.tree = files, tree
        self.labels = labels_of(patterns)
        names = names_of(patterns)
        self.parts = [
            Part(pattern, Role.CONDITION, name) for pattern, name in zip(patterns, names, strict=True)
        ]
        self.open = set(range(len(patterns)))

    def settled(self, traces_elsewhere: bool) -> list[Part]:
        told = [_told(label) for label in self.labels]
        self._reference([i for i, role in enumerate(told) if role is Role.REFERENCE])
        self._lossy([i for i, role in enumerate(told) if role is Role.LOSSY])
        beside = [i for i in sorted(self.open) if self._traces_beside(i)]
        if self._lacks(Role.LOSSY) and len(beside) == 1:
            self._take(beside[0], Role.LOSSY, "traces lie beside it")
        if self._lacks(Role.LOSSY):
            self._perhaps_lossy()
        if self._lacks(Role.REFERENCE):
            self._perhaps_reference()
        if self._lacks(Role.LOSSY) and not traces_elsewhere and not beside and not self._losses_known():
            self._lossy_by_content()
        for index in self.open:
            self._take(index, Role.CONDITION, "nothing marks it as reference or lossy")
        return self.parts

    def _lacks(self, role: Role) -> bool:
        return all(part.role is not role for part in self.parts)

    def _take(self, index: int, role: Role, why: str, doubt: str = "", *, also: bool = False) -> None:
        name = self.parts[index].name if role in (Role.CONDITION, Role.UNUSED) or also else ""
        self.parts[index] = replace(self.parts[index], role=role, name=name, why=why, doubt=doubt)
        self.open = self.open - {index}

    def _shown(self, index: int) -> str:
        return self.parts[index].files

    def _reference(self, named: Sequence[int]) -> None:
        """Take the one of these that names most clips; others could be meant, which is said."""
        if not named:
            return
        most = max(len(self.files[i]) for i in named)
        best = max(
            named,
            key=lambda i: (
                role_in_name(self.labels[i][-1]) is Role.REFERENCE,
                self._nothing_else(i) and 2 * len(self.files[i]) >= most,
                len(self.files[i]),
                self._exact(i, "clean", "reference", "ref"),
                -i,
            ),
        )
        self._take(best, Role.REFERENCE, "its name says so")
        for other in named:
            if other != best and self._nothing_else(best) and not self._nothing_else(other):
                doubt = f"is {self._shown(other)} a version, or the reference? {self._shown(best)} is taken"
                self._take(other, Role.CONDITION, "its name may say more than a role", doubt)
            elif other != best:
                self._take(
                    other,
                    Role.UNUSED,
                    f"{self._shown(best)} is the reference",
                    f"{self._shown(other)} could be the reference, too",
                )

    def _lossy(self, named: Sequence[int]) -> None:
        """Take the one of these with traces, or best so called; others are versions."""
        named = [index for index in named if index in self.open]
        if not named:
            return
        if len(named) > 1 and not any(map(self._traces_beside, named)):
            zeros = {index: self._zeros(index) for index in named}
            named = [index for index in named if zeros[index] == max(zeros.values())]
        best = max(
            named,
            key=lambda i: (
                self._traces_beside(i),
                self._exact(i, "lossy"),
                Role.LOSSY in maybe_role(self.labels[i][-1]),
                len(self.files[i]),
                -i,
            ),
        )
        self._take(best, Role.LOSSY, "its name says so")

    def _nothing_else(self, index: int) -> bool:
        """Whether a version's name is a word for its role and no more."""
        return names_role_only(self.labels[index][-1])

    def _exact(self, index: int, *words: str) -> bool:
        return any(text.lower() in words for text in self.labels[index])

    def _traces_beside(self, index: int) -> bool:
        """Whether files that are called traces lie beside this version's own, under their names."""
        sample = nsmallest(_PEEKS, self.files[index].values())
        for path in map(Path, sample):
            rel = path.parent.relative_to(self.tree.root).as_posix()
            folder = self.tree.folders.get("" if rel == "." else rel + "/")
            if folder is not None and path.stem in folder.traces:
                return True
        return False

    def _perhaps_lossy(self) -> None:
        maybe = [i for i in sorted(self.open) if Role.LOSSY in _maybe(self.labels[i])]
        zeros = {index: self._zeros(index) for index in maybe}
        sounding = [index for index in maybe if zeros[index]] or [i for i in maybe if not self._readable(i)]
        if len(sounding) == 1 or (sounding and len(set(zeros.values())) > 1):
            best = max(sounding, key=lambda index: zeros[index])
            why = "its name may say so, and packets of it are exactly zero"
            # Where others are called so too (two conditions in a folder "deg"), it is one of these.
            self._take(best, Role.LOSSY, why, also=len(maybe) > 1)
        elif len(maybe) == 1 and Role.REFERENCE not in _maybe(self.labels[maybe[0]]):
            self._take(maybe[0], Role.LOSSY, "its name may say so")

    def _perhaps_reference(self) -> None:
        for why, fits in (
            ("only its files have nothing but the clip's name", self._is_bare),
            ("its name may say so", lambda i: Role.REFERENCE in _maybe(self.labels[i])),
            ("condition 0 is often the reference", lambda i: any(map(is_condition_zero, self.labels[i]))),
        ):
            maybe = [i for i in sorted(self.open) if fits(i)]
            if len(maybe) == 1 and len(self.parts) > 1 and not self._zeros(maybe[0]):
                bare = self._is_bare(maybe[0])
                doubt = "" if bare else f"is {self._shown(maybe[0])} the reference? {why}"
                self._take(maybe[0], Role.REFERENCE, why, doubt)
                return

    def _is_bare(self, index: int) -> bool:
        return not self.labels[index]

    def _losses_known(self) -> bool:
        """Whether nothing more is needed: traces of these clips, and references that make the lossy files.

        Of several versions one with exact zeros may be a system's own then. A single one is the lossy file.
        """
        if len(self.open) < 2 or self._lacks(Role.REFERENCE):
            return False
        return bool(_traces_of(frozenset().union(*self.files), self.tree))

    def _lossy_by_content(self) -> None:
        """Take the version with the most packets of exact zeros, beyond those that the references have."""
        looked = sorted(self.open)[:_MOST_LOOKED_INTO]
        reference = next((i for i, part in enumerate(self.parts) if part.role is Role.REFERENCE), None)
        found = {index: self._zeros(index, reference) for index in looked}
        most = max(looked, key=lambda index: found[index], default=None)
        if most is not None and found[most]:
            self._take(most, Role.LOSSY, "some of it are packets of exact zeros", also=len(looked) > 1)

    def _zeros(self, index: int, reference: int | None = None) -> int:
        """Count packets of exact zeros in the first files of a version, beyond the reference's own."""
        clean = {} if reference is None else self.files[reference]
        count = 0
        for key in nsmallest(_PEEKS, self.files[index]):
            own = Path(clean[key]) if key in clean else None
            count += zero_packets(Path(self.files[index][key]), reference=own, reading=self.tree.reading)[0]
        return count

    def _readable(self, index: int) -> bool:
        first = map(Path, nsmallest(1, self.files[index].values()))
        return any(path.is_file() and path.stat().st_size for path in first)


def _told(label: Iterable[str]) -> Role | None:
    """Return the role that words tell: the file's name first, then the nearest folder's."""
    for text in reversed(tuple(label)):
        role = role_in_name(text)
        if role is Role.TRACE:  # of a sound: "54_loss"
            return Role.LOSSY
        if role is not None:
            return role
    return None


def _maybe(label: Iterable[str]) -> frozenset[Role]:
    return frozenset().union(*(maybe_role(text) for text in label))


def names_of(patterns: Sequence[str]) -> list[str]:
    """Return a name for each version: its folder's where only it has that, else of its files' names."""
    labels = labels_of(patterns)
    affix = [bare_name(pattern) for pattern in patterns]
    ends = labels_of([pattern.rpartition("/")[2] for pattern in patterns])
    folders = [label[:-1] if own else label for own, label in zip(ends, labels, strict=True)]
    nearest = [each[-1] if each else "" for each in folders]
    names = []
    for index, label in enumerate(labels):
        if nearest[index] and nearest.count(nearest[index]) == 1:
            names.append(nearest[index])
        elif affix[index] and affix.count(affix[index]) == 1:
            names.append(affix[index])
        else:
            names.append("/".join(label) or "plain")
    twice = Counter(names)
    return [name if twice[name] == 1 else pattern for name, pattern in zip(names, patterns, strict=True)]


# -- traces --------------------------------------------------------


def trace_parts(parts: Sequence[Part], keys: frozenset[str], tree: Tree) -> list[Part]:
    """Find the traces of clips with these keys, and whose losses they are."""
    return _owned(_traces_of(keys, tree), parts)


def _traces_of(keys: frozenset[str], tree: Tree) -> dict[str, int]:
    """Return patterns of traces of clips with these keys: those that are called so, else some are read."""
    telling = [rel + stem_of(name) for rel, each in tree.folders.items() for name in each.traces.values()]
    return _patterns(telling, keys) or _untold(keys, tree)


def _patterns(paths: Sequence[str], keys: frozenset[str]) -> dict[str, int]:
    """Return patterns of traces with the number of files that each has; of many files some are looked at."""
    if len(paths) > _MOST_TRACES:
        spread = paths[:: max(1, len(paths) // 60)][:60]
        paths = [*paths[: _MOST_TRACES // 2], *spread]
        paths = list(dict.fromkeys(paths))
    taken = patterns_sharing(paths, keys)
    return {pattern: len(found) for pattern, found in taken.items()}


def _untold(keys: frozenset[str], tree: Tree) -> dict[str, int]:
    """Find traces that nothing calls so: some of them are read."""
    plain = [(rel, stem) for rel, folder in tree.folders.items() for stem in folder.plain]
    paths = [rel + stem for rel, stem in plain][:_MOST_TRACES]
    taken = patterns_sharing(paths, keys)
    found = {}
    for pattern, indices in taken.items():
        files = [
            tree.root / rel / trace_stems(tree.folders[rel])[stem]
            for rel, stem in (plain[i] for i in indices[:_PEEKS])
        ]
        enough = len(indices) * 2 >= len(keys) or _beside(pattern, tree)
        if enough and 2 * sum(map(_reads_as_trace, files)) > len(files):
            found[pattern] = len(indices)
    return found


def _beside(pattern: str, tree: Tree) -> bool:
    """Whether its files lie beside sounds of just their names, so that a few of them mean something."""
    folder, _, name = pattern.rpartition("/")
    place = tree.folders.get(folder + "/" if folder else "")
    return name == CLIP and place is not None and bool(place.plain.keys() & place.sounds.keys())


def _reads_as_trace(path: Path) -> bool:
    try:
        found = read_trace(path)
        return found.intervals is not None or found.lost.size > 1
    except AmbiguousTrace:
        return True
    except GaplistenError:
        return False


def _owned(found: Mapping[str, int], parts: Sequence[Part]) -> list[Part]:
    owners: dict[str, list[tuple[int, str]]] = {}
    for pattern, count in found.items():
        owners.setdefault(_owner(pattern, parts), []).append((count, pattern))
    made = []
    for of, several in owners.items():
        (_, best), *others = sorted(several, key=lambda each: (-each[0], each[1]))
        why = f"the losses of {of}" if of else "the losses of the lossy files"
        made.append(Part(best, Role.TRACE, of=of, why=why))
        made += [
            Part(
                pattern,
                Role.TRACE,
                of=f"{of}?{i}",
                why=f"{best} is taken",
                doubt=f"{pattern} could be the losses, too",
            )
            for i, (_, pattern) in enumerate(others)
        ]
    return [replace(part, role=Role.TRACE) for part in made if "?" not in part.of]


def _owner(pattern: str, parts: Sequence[Part]) -> str:
    """Return the condition whose losses a pattern of traces holds; empty for the clip's."""
    folder, _, name = pattern.rpartition("/")
    conditions = [part for part in parts if part.role is Role.CONDITION]
    others = [part for part in parts if part.role in (Role.LOSSY, Role.REFERENCE)]
    for part in conditions:
        own_folder, _, own_name = part.files.rpartition("/")
        shared = any(other.files.rpartition("/")[0] == own_folder for other in others)
        fixed = re.sub(r"\{\w+\}|\*", "", own_name)
        if folder == own_folder and not shared:
            return part.name
        if fixed.strip(" ._-") and fixed in name and shared:
            return part.name
    words = set(folder.split("/"))
    named = [part for part in conditions if part.name in words]
    return named[0].name if len(named) == 1 else ""
