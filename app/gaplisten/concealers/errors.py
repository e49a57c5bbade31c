"""What can go wrong with a concealer, said so that its author can fix it."""

from __future__ import annotations

from gaplisten.errors import GaplistenError


class ConcealerFailed(GaplistenError):  # noqa: N818 - named after what happened
    """A plugin raised, hung, crashed or returned something that is not sound; only its own lane is lost.

    Parameters
    ----------
    details
        The plugin's own traceback and what it printed last; empty when there is none.
    """

    def __init__(self, thing: str, fact: str, way_out: str = "", details: str = "") -> None:
        super().__init__(thing, fact, way_out)
        self.details = details


class UnknownConcealer(GaplistenError):  # noqa: N818 - named after what happened
    """No plugin of that name was found, or the one found is broken."""


class ParameterRefused(GaplistenError):  # noqa: N818 - named after what happened
    """A parameter is unknown, of the wrong type or out of range."""


class NotAPlugin(Exception):  # noqa: N818 - named after what happened
    """A file does not keep the contract; raised and caught inside the worker process."""
