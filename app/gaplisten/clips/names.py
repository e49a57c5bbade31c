"""What names of folders and files say about the part they play."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize


class Role(StrEnum):
    """The part a file plays in a clip."""

    REFERENCE = "reference"
    LOSSY = "lossy"
    CONDITION = "condition"
    TRACE = "trace"
    UNUSED = "not used"


_WORDS = {
    Role.TRACE: {"trace", "traces", "mask", "masks", "is_lost", "islost", "pattern", "patterns"},
    Role.LOSSY: {
        "lossy",
        "lost",
        "loss",
        "zeroed",
        "degraded",
        "dropped",
        "zerofill",
        "zerofilled",
        "verlust",
        "verluste",
        "verlustbehaftet",
        "pertes",
        "perdidas",
        "perdite",
        "perdas",
    },
    Role.REFERENCE: {
        "clean",
        "reference",
        "references",
        "ref",
        "refs",
        "original",
        "originals",
        "orig",
        "target",
        "targets",
        "gt",
        "groundtruth",
        # German, French, Spanish, Italian, Portuguese
        "referenz",
        "referenzen",
        "sauber",
        "unbearbeitet",
        "propre",
        "referencia",
        "referencias",
        "limpio",
        "limpia",
        "riferimento",
        "pulito",
        "limpo",
    },
}
# Words of scripts without spaces: a name that holds one is called so, lost ones first ("original, lossy").
_SIGNS = {
    Role.TRACE: ("丢包轨迹", "丢包序列", "丢包标记", "丢包模式", "パターン", "손실패턴"),
    Role.LOSSY: ("丢包", "丢失", "有损", "受损", "损坏", "欠損", "欠落", "損失", "ロス", "손실", "потер"),
    Role.REFERENCE: (
        "参考", "參考", "原始", "原声", "原音", "干净", "纯净", "乾淨", "参照", "クリーン", "원본", "참조",
        "эталон", "чист", "référence",
    ),
}  # fmt: skip
_BEGINNINGS = {Role.REFERENCE: ("clean", "reference"), Role.LOSSY: ("lossy",)}
# Words that are used of either, or of other things too: they count where nothing better is said.
_PERHAPS = {
    Role.LOSSY: {
        "zero", "zeros", "filling", "noisy", "deg", "received", "corrupted", "damaged", "broken", "gapped",
        "dropouts", "input", "inputs", "rx",
    },
    Role.REFERENCE: {
        "in", "source", "src", "direct", "truth", "undamaged", "lossless", "input", "inputs",
        "dry", "tx", "sent",
    },
}  # fmt: skip
# What was made: of the lossy file ("lossy_enhanced"), or with the clean one ("net_clean_finetuned").
_MADE = frozenset({
    "enhanced", "concealed", "restored", "reconstructed", "denoised", "recovered", "repaired", "inpainted",
    "generated", "predicted", "estimated", "trained", "finetuned", "net", "network", "model", "decoder",
    "vocoder", "baseline",
})  # fmt: skip
_MANNERS = _MADE | {"out", "output"}
_NUMBERED = re.compile(
    r"(c|con|cond|condition|sys|system|model|codec|plc|method|exp|v|ver|version|alg|net|build|h)\d+"
)
_NO_CONDITION = re.compile(r"(c|con|cond|condition)0+")
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_BREAKS = re.compile(r"[^a-z0-9]+")
_RATED = re.compile(r"(refs?|reference|orig|original|targets?|gt)(8|16|24|32|44|441|48)(k|khz|000)?")
_LAST_WORD = re.compile(r"(.*[A-Za-z0-9)\]])[^A-Za-z0-9)\]]+([A-Za-z0-9]+)", re.DOTALL)
_TRACE_ENDING = re.compile(
    r"[._-](is_?lost|lost|loss|lost_?samples|lost_?packets|trace|mask|pattern)$", re.IGNORECASE
)


@lru_cache(maxsize=65536)
def words_of(name: str) -> frozenset[str]:
    """Return the words of a name in small letters."""
    return frozenset(_BREAKS.split(_HUMP.sub(r"\1_\2", name).lower())) - {""}


@lru_cache(maxsize=65536)
def role_in_name(name: str) -> Role | None:
    """Return the role that a word of a name tells of, or None."""
    if _TRACE_ENDING.search(name):
        return Role.TRACE
    words = words_of(name)
    made = bool(words & _MADE)
    for role, telling in _WORDS.items():
        if words & telling:
            return None if made else role
    if not made and any(map(_RATED.fullmatch, words)):
        return Role.REFERENCE
    if not name.isascii():
        composed = normalize("NFC", name).lower()
        for role, signs in _SIGNS.items():
            if any(sign in composed for sign in signs):
                return role
    for role, beginnings in _BEGINNINGS.items():
        if any(word.startswith(beginnings) for word in words):
            return None if made else role
    return None


def maybe_role(name: str) -> frozenset[Role]:
    """Return the roles that a word of a name may tell of, where none tells surely."""
    words = words_of(name)
    if words & _MANNERS:
        return frozenset()
    return frozenset(role for role, telling in _PERHAPS.items() if words & telling)


def names_role_only(name: str) -> bool:
    """Whether a name is nothing but a word for a role, as ``original`` is and ``clean_room`` is not."""
    whole = normalize("NFC", name).lower()
    return any(whole in telling for telling in (*_WORDS.values(), *_SIGNS.values()))


def is_numbered_condition(name: str) -> bool:
    """Whether a word is one that conditions are numbered with: ``cond03``, ``c03``, ``sys2``."""
    return any(_NUMBERED.fullmatch(word) for word in words_of(name))


def is_condition_zero(name: str) -> bool:
    """Whether a name is that of condition 0, often the reference: ``cond00``, ``c0``."""
    return any(_NO_CONDITION.fullmatch(word) for word in words_of(name))


def trace_key(stem: str) -> tuple[str, bool]:
    """Return the clip's name in a trace file's stem, and whether the stem says that it is a trace."""
    key = _TRACE_ENDING.sub("", stem)
    return key, key != stem


def trace_beside(sound: Path) -> Path:
    """Return the path of the trace beside a sound, as the challenges call it: ``54_is_lost.txt``."""
    return sound.with_name(f"{sound.stem}_is_lost.txt")


def beginnings(name: str) -> Iterator[str]:
    """Give the beginnings of a name, the longest first: ``s0_plr10`` and ``s0`` of ``s0_plr10_3``.

    A reference may have one of these where each clip met several losses.
    """
    yield from (
        name[: found.start()] for found in reversed(list(re.finditer(r"[\W_]+", name))) if found.start()
    )


def clip_key(stem: str) -> str:
    """Return a stem without the words that tell its role: what files of one clip have in common."""
    stem = trace_key(stem)[0]
    telling = set().union(*_WORDS.values())
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word.lower() not in telling]
    return "_".join(words).lower()


def clip_name(stem: str) -> str:
    """Return a stem without its last word if that tells a role (``54_clean``), as a name to show."""
    found = _LAST_WORD.fullmatch(stem)
    telling = set().union(*_WORDS.values())
    return found[1] if found and found[2].lower() in telling else stem


def numbered(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: the name itself, or with the first number from 2 on that is free."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free
