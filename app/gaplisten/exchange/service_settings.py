"""Where a team's services are and who asks; a token is never kept in a file."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit

from gaplisten import folders
from gaplisten.durable.files import write_whole
from gaplisten.errors import GaplistenError
from gaplisten.languages import ENGLISH
from gaplisten.untrusted import MOST_SETTINGS, read_regular

_SECRETS = ("token", "password")  # never in the file
_MOST_SECONDS, _MOST_RETRIES = 86_400, 100
NOBODY = "token"  # a keyring wants a user
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ServiceError(GaplistenError):
    """The service cannot be asked, refuses, or answers with rubbish."""


@dataclass(frozen=True)
class ServiceKind:
    """What is asked of a service, and where its settings and its token are.

    Parameters
    ----------
    title
        Name shown to people.
    settings
        Name of the settings file.
    token_variable, keyring
        Of the environment, and the name in the system's keyring.
    models
        Whether it has several models, so that the settings name one; a user is not asked for then, and a
        service on this machine may do without a token.
    """

    title: str
    settings: str
    token_variable: str
    keyring: str
    models: bool = False

    @property
    def path(self) -> Path:
        """The settings file: `address`, `user` or `model`, and if wanted `seconds` and `retries`."""
        return folders.user_config() / self.settings


PLCMOS = ServiceKind("PLC-MOS service", "plcmos-service.toml", "GAPLISTEN_PLCMOS_TOKEN", "gaplisten-plcmos")
WORDS = ServiceKind(
    "speech recognition service",
    "words-service.toml",
    "GAPLISTEN_WORDS_TOKEN",
    "gaplisten-words",
    models=True,
)


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
    model, language
        Which of its models, and the language that is spoken; empty where the service has no choice.
    """

    address: str
    user: str
    token: str = field(repr=False)
    seconds: float = 60.0
    retries: int = 4
    kind: ServiceKind = PLCMOS
    model: str = ""
    language: str = ""

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
        if self.kind.models and not (self.token.isascii() and self.token.isprintable()):
            way_out = f"copy it into {self.kind.token_variable} once more"
            raise ServiceError(self.kind.title, "the token holds characters that cannot be sent", way_out)
        if parts.scheme == "http" and host not in _LOCAL:
            fact = "the token would travel unencrypted"
            raise ServiceError(self.address, fact, "use https, or a tunnel to localhost")

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.address).hostname in _LOCAL

    @property
    def account(self) -> str:
        """Who asks, in words."""
        return f"the account {self.user}" if self.user else "the token"

    def url(self, name: str) -> str:
        """Return the address of one of the service's functions."""
        return f"{self.address.rstrip('/')}/{name}"


def load_service(kind: ServiceKind = PLCMOS) -> Service:
    """Return the service that the user has set up.

    Raises
    ------
    ServiceError
        If the settings or the token are missing or cannot be used.
    """
    path = kind.path
    try:
        values = tomllib.loads(read_regular(path, MOST_SETTINGS).decode())
    except FileNotFoundError as error:
        needed = "model" if kind.models else "user"
        way_out = f'write address = "https://..." and {needed} = "..." into {path}'
        raise ServiceError(kind.title, "no service is set up", way_out) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ServiceError(str(path), f"cannot be read ({error})", "fix or remove it") from error
    if any(secret in values for secret in _SECRETS):
        raise ServiceError(str(path), "holds the token", f"remove it and set {kind.token_variable} instead")
    return _service(kind, path, values)


def _service(kind: ServiceKind, path: Path, values: dict[str, object]) -> Service:
    address, user = values.get("address"), values.get("user", "")
    model, language = values.get("model", ""), values.get("language", "")
    if not isinstance(user, str) or ":" in user:
        raise ServiceError(str(path), "needs user as text without a colon", "complete it")
    if not isinstance(language, str):
        way_out = f'write it as language = "{ENGLISH}", or leave it out'
        raise ServiceError(str(path), "needs language as text", way_out)
    for name, said in (("address", address), ("model", model) if kind.models else ("user", user)):
        if not isinstance(said, str) or not said.strip():
            example = {"address": "https://words.example.org/", "model": "whisper-1", "user": "team-7"}[name]
            raise ServiceError(str(path), f"needs {name} as text", f'add a line such as {name} = "{example}"')
    assert isinstance(address, str)
    assert isinstance(model, str)
    seconds, retries = values.get("seconds", 60.0), values.get("retries", 4)
    if type(seconds) not in (int, float) or type(retries) is not int:
        raise ServiceError(str(path), "seconds and retries must be numbers", "fix it")
    assert isinstance(seconds, int | float)
    assert isinstance(retries, int)
    if not 0 < seconds <= _MOST_SECONDS or not 0 <= retries <= _MOST_RETRIES:
        fact = f"seconds must be above 0 and at most {_MOST_SECONDS}, retries 0 to {_MOST_RETRIES}"
        raise ServiceError(str(path), fact, "fix it")
    told = Service(address, user, "", float(seconds), retries, kind, model, language)
    needs_token = not (kind.models and told.local)
    return replace(told, token=find_token(user, kind) if needs_token else _token(user, kind))


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
    path = PLCMOS.path
    try:
        values = tomlkit.parse(read_regular(path, MOST_SETTINGS).decode())
    except (OSError, ValueError):  # none yet, or one that nobody can read
        values = tomlkit.document()
    values.update(address=address, user=user)
    for secret in _SECRETS:
        values.pop(secret, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, tomlkit.dumps(values))


def service_trouble(kind: ServiceKind = PLCMOS) -> str:
    """Return why the service cannot be used, empty when it can; asks the keyring, which may take a while."""
    try:
        load_service(kind)
    except ServiceError as error:
        return error.fact
    return ""


def find_token(user: str, kind: ServiceKind = PLCMOS) -> str:
    """Return the token from the environment, or else from the system's keyring.

    Raises
    ------
    ServiceError
        If it is in neither.
    """
    token = _token(user, kind)
    if not token:
        way_out = f"set {kind.token_variable}, or run: keyring set {kind.keyring} {user or NOBODY}"
        raise ServiceError(kind.title, f"there is no token for {user or 'it'}", way_out)
    return token


def _token(user: str, kind: ServiceKind) -> str:
    return os.environ.get(kind.token_variable, "").strip() or _from_keyring(user or NOBODY, kind)


def _from_keyring(user: str, kind: ServiceKind) -> str:
    try:
        import keyring

        return (keyring.get_password(kind.keyring, user) or "").strip()
    except Exception:  # noqa: BLE001 - not installed, no backend, locked: each backend has its own errors
        return ""
