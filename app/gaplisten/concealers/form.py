"""What a form is: how a plugin is recognised and called, and what of a clip reaches its process.

The files in ``forms/`` hold them, each as ``FORM``, and are found by themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.concealers import forms as folder
from gaplisten.loss.trace import Flags

Progress = Callable[[float], None]
Arrays = tuple[npt.NDArray[Any], ...]


class BadOutput(Exception):  # noqa: N818 - named after what happened
    """The plugin returned something that is not what was asked for."""


@dataclass(frozen=True, eq=False)
class Plugin:
    """A loaded plugin: the class or function, and where its attributes are looked up."""

    form: Form
    target: Callable[..., Any]
    module: ModuleType
    path: Path
    digest: str

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return what the target says, else the module, else `default`."""
        return self.form.attribute(self, name, default)


@dataclass(frozen=True, eq=False)
class Given:
    """What the host knows of a clip that is to be concealed.

    Parameters
    ----------
    lossy
        What was received, zero in the lost packets, shape ``(frames, channels)``.
    lost
        One flag per packet.
    rate
        In Hz.
    packet_frames
        Frames in one packet.
    reference
        The undamaged speech, same shape; None unless the form needs it.
    """

    lossy: Samples
    lost: Flags
    rate: int
    packet_frames: int
    reference: Samples | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One request to a process in which the plugin lives.

    Parameters
    ----------
    do
        What is asked, for `Form.answer`.
    arrays
        All that crosses to that process.
    half
        Name of the half of the plugin that is asked, where halves must not share a process.
    facts
        Plain values that cross too: they stand in the header that `Form.answer` gets.
    """

    do: str
    arrays: Arrays
    half: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """Facts and arrays that a process answered, or that the steps come to.

    The facts of a result are ``delay_frames``, ``work_rate`` and ``seconds``, and for codecs ``coding``; its
    arrays are the samples on the clip's clock, shape ``(frames, channels)``, and the times of the plugin's
    calls in seconds.

    Parameters
    ----------
    timed
        How many calls of the plugin a process has timed.
    """

    facts: Mapping[str, Any]
    arrays: Arrays
    timed: int = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """What a codec sent, and what of it arrived.

    Parameters
    ----------
    kbit_s
        Mean bit rate of all payloads, lost ones too, in kbit/s; nothing is counted for headers.
    largest
        Bytes of the largest payload.
    payloads, dropped
        How many were coded, and how many of them were lost.
    encoder_delay, decoder_delay
        Declared, in frames of the codec's rate.
    """

    kbit_s: float
    largest: int
    payloads: int
    dropped: int
    encoder_delay: int
    decoder_delay: int


class Form(ABC):
    """One form of plugin.

    Attributes
    ----------
    name
        What catalogue entries call it.
    title
        What people read.
    place
        Where it stands among the others.
    fixed
        The arguments that a plugin is called with before its own parameters.
    choice, starter
        The word that asks for a commented plugin file, and its text with ``{title}`` and ``{classname}``.
    lacks
        What a file without any plugin of this form does not define.
    needs_reference
        Whether the host must have the undamaged speech. Forms that do not need it never get it.
    takes_all
        Whether the answer stands for received speech too, as decoded speech does, where gaps lie off the
        packets. Otherwise only the lost frames are taken of it then.
    host_parameters
        Parameters that each plugin of the form has because of the host; described as `describing` does.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    place: ClassVar[int]
    fixed: ClassVar[tuple[str, ...]]
    choice: ClassVar[str]
    starter: ClassVar[str]
    lacks: ClassVar[str]
    needs_reference: ClassVar[bool] = False
    takes_all: ClassVar[bool] = False
    host_parameters: ClassVar[tuple[dict[str, Any], ...]] = ()

    @abstractmethod
    def targets(self, module: ModuleType) -> list[Callable[..., Any]]:
        """Return what a plugin's module defines of this form."""

    @abstractmethod
    def fits(self, target: Callable[..., Any]) -> bool:
        """Tell whether a target that an entry point names is of this form."""

    def annotated(self, target: Callable[..., Any]) -> Callable[..., Any]:
        """Return what bears the annotations of the plugin's parameters."""
        return target

    def calls(self, plugin: Plugin) -> tuple[Callable[..., Any], ...]:
        """Return what is called with parameters; what several of them name is one parameter."""
        return (plugin.target,)

    def attribute(self, plugin: Plugin, name: str, default: Any) -> Any:
        """Return what a plugin says of itself under this name."""
        return getattr(plugin.module, name, default)

    @abstractmethod
    def declared_delay(
        self, plugin: Plugin, parameters: dict[str, Any], rate: int, packet_frames: int
    ) -> int:
        """Return the declared algorithmic delay in frames.

        Raises
        ------
        NotAPlugin
            If what is declared is no number of frames.
        """

    def steps(self, given: Given, parameters: Mapping[str, Any]) -> Generator[Step, Answered, Answered]:
        """Yield what to ask one after the other, each answer is sent back; return the result.

        Runs in the host.
        """
        return (yield Step("conceal", (given.lossy, given.lost)))

    def steps_one_by_one(
        self, given: Given, parameters: Mapping[str, Any]
    ) -> Generator[Step, Answered, Answered] | None:
        """Yield what to ask so that each packet leaves the host only when those before it are answered.

        Each step must meet the same process. None where the form hands over a whole clip.
        """
        return None

    @abstractmethod
    def answer(
        self,
        plugin: Plugin,
        parameters: dict[str, Any],
        header: Mapping[str, Any],
        arrays: Arrays,
        progress: Progress,
    ) -> Answered:
        """Do what a step asks; runs in the process in which the plugin lives.

        Parameters
        ----------
        header
            Holds ``do``, ``rate`` in Hz, ``packet_frames`` and the facts of the step.

        Raises
        ------
        BadOutput
            If the plugin returned something else than what is due.
        BaseException
            Whatever the plugin raises.
        """


def checked(returned: Any, wanted: tuple[int, ...], what: str) -> Samples:
    """Return samples that a plugin gave as float32.

    Raises
    ------
    BadOutput
        If they are of wrong type, shape or length, or not finite.
    """
    if not isinstance(returned, np.ndarray):
        raise BadOutput(f"returned {type(returned).__name__} for {what}; a numpy array of float32 is due")
    if returned.dtype.kind != "f":
        raise BadOutput(f"returned {returned.dtype} samples for {what}; float32 in -1..1 is due")
    if returned.shape != wanted:
        raise BadOutput(f"returned shape {returned.shape} for {what}; {wanted} is due (frames, channels)")
    with np.errstate(all="ignore"):
        samples = np.asarray(returned, np.float32)
    if not np.isfinite(samples).all():
        bad = int(np.argmin(np.isfinite(samples).all(axis=1)))
        raise BadOutput(f"returned NaN or infinity for {what} (first at frame {bad})")
    return samples


@lru_cache(maxsize=1)
def forms() -> dict[str, Form]:
    """Return all forms by name, in the order in which they are offered."""
    names = [f"{folder.__name__}.{found.name}" for found in pkgutil.iter_modules(folder.__path__)]
    found = [importlib.import_module(name).FORM for name in names]
    return {form.name: form for form in sorted(found, key=lambda form: form.place)}
