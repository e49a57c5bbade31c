"""Where a team's PLC-MOS service is and who asks; the token is never kept in a file."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit

from gaplisten import folders
from gaplisten.durable.files import write_whole
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import MOST_SETTINGS, read_regular

TOKEN_VARIABLE = "GAPLISTEN_PLCMOS_TOKEN"
_KEYRING_SERVICE = "gaplisten-plcmos"
_SECRETS = ("token", "password")  # never in the file
_SETTINGS = "plcmos-service.toml"
_MOST_SECONDS, _MOST_RETRIES = 86_400, 100
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ServiceError(GaplistenError):
    """The service cannot be asked, refuses, or answers with rubbish."""


@dataclass(frozen=True)
class Service:
    """Address and account of a service.

    Parameters
    ----------
    address
        Base URL, e.g. ``https://plcmos.example.org/``; ``http`` only to this machine, for the token is sent.
    user
        Account name.
    token
        Secret; not shown by ``repr`` and never written by us.
    seconds
        Time limit of one request.
    retries
        How often a request is repeated when the service is busy or down.
    """

    address: str
    user: str
    token: str = field(repr=False)
    seconds: float = 60.0
    retries: int = 4

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.address)
            host = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
        except ValueError:  # brackets that do not close, a port that is no number
            host = None
        if not host or not (self.address.isascii() and self.address.isprintable()) or " " in self.address:
            raise ServiceError(self.address, "is not an http(s) address", "set one such as https://host/")
        if parts.query or parts.fragment:
            fact = "has a query or a fragment, to which nothing can be added"
            raise ServiceError(self.address, fact, "set it without ? and #")
        if parts.username or parts.password:
            raise ServiceError(host, "the address holds a password", "set the user apart from it")
        if parts.scheme == "http" and host not in _LOCAL:
            fact = "the token would travel unencrypted"
            raise ServiceError(self.address, fact, "use https, or a tunnel to localhost")

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.address).hostname in _LOCAL

    def url(self, name: str) -> str:
        """Return the address of one of the service's functions."""
        return f"{self.address.rstrip('/')}/{name}"


def settings_path() -> Path:
    """Return the settings file: ``address``, ``user``, and if wanted ``seconds`` and ``retries``."""
    return folders.user_config() / _SETTINGS


def load_service() -> Service:
    """Return the service that the user has set up.

    Raises
    ------
    ServiceError
        If the settings or the token are missing or cannot be used.
    """
    path = settings_path()
    try:
        values = tomllib.loads(read_regular(path, MOST_SETTINGS).decode())
    except FileNotFoundError as error:
        way_out = f'write address = "https://..." and user = "..." into {path}'
        raise ServiceError("PLC-MOS service", "no service is set up", way_out) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ServiceError(str(path), f"cannot be read ({error})", "fix or remove it") from error
    if any(secret in values for secret in _SECRETS):
        raise ServiceError(str(path), "holds the token", f"remove it and set {TOKEN_VARIABLE} instead")
    return _service(path, values)


def _service(path: Path, values: dict[str, object]) -> Service:
    address, user = values.get("address"), values.get("user")
    if not isinstance(address, str) or not isinstance(user, str) or not user or ":" in user:
        raise ServiceError(str(path), "needs address and user as text (no colon in user)", "complete it")
    seconds, retries = values.get("seconds", 60.0), values.get("retries", 4)
    if type(seconds) not in (int, float) or type(retries) is not int:
        raise ServiceError(str(path), "seconds and retries must be numbers", "fix it")
    assert isinstance(seconds, int | float)
    assert isinstance(retries, int)
    if not 0 < seconds <= _MOST_SECONDS or not 0 <= retries <= _MOST_RETRIES:
        fact = f"seconds must be above 0 and at most {_MOST_SECONDS}, retries 0 to {_MOST_RETRIES}"
        raise ServiceError(str(path), fact, "fix it")
    return Service(address, user, find_token(user), float(seconds), retries)


def save_service(address: str, user: str) -> None:
    """Write address and user into the settings; what else the file says stays, secrets excepted.

    Raises
    ------
    ServiceError
        If the address cannot be used.
    OSError
        If the file cannot be written.
    """
    Service(address, user, "")
    path = settings_path()
    try:
        values = tomlkit.parse(read_regular(path, MOST_SETTINGS).decode())
    except (OSError, ValueError):  # none yet, or one that nobody can read
        values = tomlkit.document()
    values.update(address=address, user=user)
    for secret in _SECRETS:
        values.pop(secret, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, tomlkit.dumps(values))


def service_trouble() -> str:
    """Return why the service cannot be used, empty when it can; asks the keyring, which may take a while."""
    try:
        load_service()
    except ServiceError as error:
        return error.fact
    return ""


def find_token(user: str) -> str:
    """Return the token from the environment, or else from the system's keyring.

    Raises
    ------
    ServiceError
        If it is in neither.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip() or _from_keyring(user)
    if not token:
        way_out = f"set {TOKEN_VARIABLE}, or run: keyring set {_KEYRING_SERVICE} {user}"
        raise ServiceError("PLC-MOS service", f"there is no token for {user}", way_out)
    return token


def _from_keyring(user: str) -> str:
    try:
        import keyring

        return (keyring.get_password(_KEYRING_SERVICE, user) or "").strip()
    except Exception:  # noqa: BLE001 - not installed, no backend, locked: each backend has its own errors
        return ""
