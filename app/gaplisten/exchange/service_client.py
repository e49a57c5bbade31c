"""What asks a service that a team runs: one request at a time, patiently, and to its own address only."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.exchange.service_settings import Service, ServiceError
from gaplisten.jobs import Job

_LARGEST_ANSWER = 1 << 20
_LONGEST_PAUSE = 60.0
_BUSY = frozenset({429, 500, 502, 503, 504})


class ServiceRefusalError(ServiceError):
    """Whatever is sent, it would be refused: account, address or certificate are wrong."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirection: it could carry the token to another host."""


class _Watched:
    """A connection that tells a limit of its socket, before a proxy or a certificate has been asked for.

    To connect is one call, in which both are asked for; in between only the attribute can be seen.
    """

    limit: _Limit

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "sock" and isinstance(value, socket.socket) and not isinstance(value, ssl.SSLSocket):
            self.limit.watch(value)


class _Limit:
    """Ends a request that takes too long as a whole: a byte now and then must not hold us for ever.

    The limit of a socket is for each wait; a head, a chunk's size or a body can be dripped below it.
    """

    def __init__(self, seconds: float) -> None:
        self.reached = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._sockets: list[socket.socket] = []

        class Plain(_Watched, http.client.HTTPConnection):
            limit = self

        class Secure(_Watched, http.client.HTTPSConnection):
            limit = self

        class Http(urllib.request.HTTPHandler):
            def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Plain, request)

        class Https(urllib.request.HTTPSHandler):
            def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Secure, request)

        self.http, self.https = Http(), Https()

    def watch(self, made: socket.socket) -> None:
        """End a connection at the limit."""
        # Encryption takes the socket over. Another one of the same connection still ends it.
        self._sockets.append(made.dup())
        if self.reached:
            self._end()

    def _end(self) -> None:
        self.reached = True
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for each in self._sockets:
            each.close()


class ServiceClient:
    """Asks one service.

    Parameters
    ----------
    service
        Address, account and limits.
    authorization
        What a request with a body says of who asks, as HTTP has it; empty for nothing.
    sleep
        Waits between repeated requests; tests put their own.
    """

    def __init__(
        self, service: Service, authorization: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._service, self._authorization, self._sleep = service, authorization, sleep
        # A proxy of the environment is for the world outside.
        self._proxies: dict[str, str] | None = {} if service.local else None

    def ask(self, name: str, data: bytes | None = None, kind: str = "", job: Job | None = None) -> bytes:
        """Return what the service answers.

        Parameters
        ----------
        name
            Which of its functions.
        data, kind
            What is sent, and its media type; without it, only an answer is asked for, and nobody is named.
        job
            Can stop the waiting.

        Raises
        ------
        ServiceError
            Saying whether the account, the load, the network or the service is at fault.
        """
        job = job or Job()
        for attempt in range(self._service.retries + 1):
            job.check(0.0, f"asking {self._service.address}")
            try:
                return self._once(name, data, kind)
            except _TryAgain as trouble:
                if attempt == self._service.retries:
                    raise trouble.error from trouble
                self._pause(trouble.pause if trouble.pause is not None else 2.0**attempt, job)
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, seconds: float, job: Job) -> None:
        left = min(max(seconds, 0.0), _LONGEST_PAUSE)
        while left > 0:  # in small steps, so that the user's stop is heard
            job.check(0.0, f"the service is busy, waiting {left:.0f} s")
            self._sleep(min(left, 0.5))
            left -= 0.5

    def _once(self, name: str, data: bytes | None, kind: str) -> bytes:
        request = urllib.request.Request(self._service.url(name), data, self._headers(data, kind))
        limit = _Limit(self._service.seconds)
        proxies = urllib.request.ProxyHandler(self._proxies)
        opener = urllib.request.build_opener(proxies, _NoRedirect(), limit.http, limit.https)
        try:
            with limit, opener.open(request, timeout=self._service.seconds) as answer:
                content: bytes = answer.read(_LARGEST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            raise self._unreachable(TimeoutError() if limit.reached else error) from None
        if limit.reached:
            raise self._unreachable(TimeoutError())
        if len(content) > _LARGEST_ANSWER:
            raise ServiceError(self._service.address, "answers with far too much", "check the address")
        return content

    def shown(self, text: str, most: int = 80) -> str:
        """Return what somebody sent, fit to be shown: short, printable, and without the token sent back."""
        for secret in filter(None, (self._authorization.partition(" ")[2], self._service.token)):
            text = text.replace(secret, "***")
        return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:most]

    def _headers(self, data: bytes | None, kind: str) -> dict[str, str]:
        if data is None:
            return {"Accept": "text/plain"}
        account = {"Authorization": self._authorization} if self._authorization else {}
        return {"Content-Type": kind, "Accept": "application/json", **account}

    def _refused(self, error: urllib.error.HTTPError) -> Exception:
        code, address = error.code, self._service.address
        pause = _retry_after(error.headers.get("Retry-After"))
        error.close()
        if code in (401, 403):
            fact = f"does not accept {self._service.account} (status {code})"
            return ServiceRefusalError(address, fact, f"check it and {self._service.kind.token_variable}")
        if code == 429:
            fact = "is asked too often (status 429)"
            return _TryAgain(ServiceError(address, fact, "try later, or with fewer files at once"), pause)
        if code in _BUSY:
            fact = f"is in trouble (status {code})"
            return _TryAgain(ServiceError(address, fact, "try later, or ask who runs it"), pause)
        if 300 <= code < 400:
            fact = f"redirects elsewhere (status {code})"
            return ServiceRefusalError(address, fact, "set the address that it really has")
        return ServiceError(address, f"refuses the request (status {code})", "check address and version")

    def _unreachable(self, error: Exception) -> Exception:
        reason = getattr(error, "reason", error)
        address = self._service.address
        if isinstance(reason, ssl.SSLCertVerificationError):
            fact = f"its certificate is not valid ({reason.verify_message})"
            return ServiceRefusalError(address, fact, "check the address; the token was not sent")
        if isinstance(reason, TimeoutError):
            fact = f"does not answer within {self._service.seconds:g} s"
        else:
            fact = f"cannot be reached ({self.shown(str(reason))})"
        return _TryAgain(ServiceError(address, fact, "check address and network, or try later"), None)


class _TryAgain(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, error: ServiceError, pause: float | None) -> None:
        super().__init__(str(error))
        self.error, self.pause = error, pause


def _retry_after(text: str | None) -> float | None:
    """Return the pause that the service asks for: seconds, or until a date (RFC 9110, 10.2.3)."""
    if not text:
        return None
    try:
        return (
            float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
        )
    except (ValueError, TypeError):
        return None


def sent_samples(signal: Signal, rate: int) -> Samples:
    """Return what is sent of a sound: one channel at a rate, within ±1.

    Raises
    ------
    ServiceError
        If samples are not finite or go beyond full scale.
    """
    from gaplisten.audio.resample import resample

    if not np.isfinite(signal.samples).all():
        raise ServiceError("service", "samples that are not finite cannot be sent", "fix the file")
    if np.abs(signal.samples).max(initial=0.0) > 1.0:
        raise ServiceError("service", "samples beyond full scale are not sent", "render it lower")
    mono = Signal.of(signal.mono, signal.rate)
    at_rate = mono if mono.rate == rate else resample(mono, rate)
    # What lies beyond now is the filter's overshoot.
    return np.clip(at_rate.samples[:, 0], -1.0, 1.0)
