"""Sets in which each clip met several losses (``lossy_10/54``, ``lossy_20/54``): each is a clip then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gaplisten.clips.matching import labels_of
from gaplisten.clips.names import Role, role_in_name

LOSS = "{loss}"
_DAMAGED = {Role.LOSSY, Role.TRACE}  # of a sound, "54_loss" means that it is the lossy one
_PIECES = re.compile(r"\{\w+\}|\[.\]|\*\*/|[^\W_]+", re.DOTALL)


def apart_by_loss(patterns: Sequence[str]) -> list[str]:
    """Return patterns in which what tells the losses belongs to the clip's key.

    Only where several versions are called lossy, and every other but the reference stands beside each of
    them: else it would be guessed which losses a version met. Without such, the patterns stay as they are.
    """
    labels = labels_of(patterns)
    roles = [{role_in_name(text) for text in label} for label in labels]
    last = [role_in_name(label[-1]) if label else None for label in labels]
    lossy = [i for i, found in enumerate(last) if found in _DAMAGED]
    if len(lossy) < 2:  # nearer words count more; with none of these, those of folders
        lossy = [i for i, found in enumerate(roles) if found & _DAMAGED and Role.REFERENCE not in found]
    named = [i for i in lossy if _zeros(labels[i])] if len(lossy) > 2 else []
    lossy = named if len(named) > 1 else lossy
    references = [i for i, found in enumerate(roles) if Role.REFERENCE in found or not labels[i]]
    others = [i for i in range(len(patterns)) if i not in references and i not in lossy]
    if len(lossy) < 2 or (not others and not references):
        return list(patterns)
    standing = [patterns[i] for i in others]
    for template, losses in _shared([patterns[i] for i in lossy]):
        if not others and not all(any(map(str.isdigit, loss)) for loss in losses):
            continue  # no amounts of loss: they may be anything
        whole = {_fitting(pattern, losses) for pattern in standing}
        if "" not in whole and all(_count(each, standing) == len(losses) for each in whole):
            return [*(patterns[i] for i in references), template, *sorted(whole)]
    return list(patterns)


def _zeros(label: Sequence[str]) -> bool:
    return any("zero" in text.lower() for text in label)


def _templates(pattern: str) -> Iterator[tuple[str, str]]:
    """Give a pattern with one of its words taken out, and that word."""
    for found in _PIECES.finditer(pattern):
        if found[0][0].isalnum():
            yield pattern[: found.start()] + LOSS + pattern[found.end() :], found[0]


def _shared(patterns: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
    """Return templates that all of some patterns are, each with its own word."""
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        for template, word in _templates(pattern):
            found.setdefault(template, set()).add(word)
    return [(each, frozenset(words)) for each, words in found.items() if len(words) == len(patterns)]


def _fitting(pattern: str, losses: frozenset[str]) -> str:
    return next((template for template, word in _templates(pattern) if word in losses), "")


def _count(template: str, patterns: Sequence[str]) -> int:
    return sum(any(each == template for each, _ in _templates(pattern)) for pattern in patterns)
