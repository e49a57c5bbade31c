"""Real browsers on a real X server, driven by keys: what stands on a page is heard through a sound server."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kit.pulse import wait_for
from kit.timing import PATIENCE

BROWSERS = ("chromium", "firefox")
_NAMES = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
_QUIET = """
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("termsofuse.bypassNotification", true);
user_pref("media.autoplay.default", 0);
"""


def program(browser: str) -> str:
    """Return a browser's program; skip the test where it is not there."""
    found = next((path for name in _NAMES[browser] if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"{browser} is not installed (apt install {_NAMES[browser][0]})")
    return found


def _command(browser: str, profile: Path, url: str) -> list[str]:
    if browser == "chromium":
        quiet = ("--no-first-run", "--no-default-browser-check", "--disable-gpu", "--password-store=basic")
        more = ("--disable-background-networking", "--disable-component-update", "--window-size=1200,850")
        return [program(browser), "--no-sandbox", f"--user-data-dir={profile}", *quiet, *more, f"--app={url}"]
    (profile / "user.js").write_text(_QUIET)
    return [program(browser), "--no-remote", "--profile", str(profile), "--new-window", url]


class Page:
    """A page that is open in a browser."""

    def __init__(self, environment: Mapping[str, str], title: str) -> None:
        self._environment, self._title = environment, title

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=dict(self._environment), capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout.strip()

    @property
    def is_there(self) -> bool:
        """Whether a window bears the page's title."""
        return bool(self._xdotool("search", "--onlyvisible", "--name", self._title))

    def take_focus(self) -> None:
        """Click beside what can be clicked, as a person does."""
        window = self._xdotool("search", "--onlyvisible", "--name", self._title).splitlines()[-1]
        self._xdotool("windowactivate", "--sync", window)
        self._xdotool("mousemove", "--window", window, "20", "500", "click", "1")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other (xdotool's names)."""
        self._xdotool("key", "--delay", "60", *keys)


@contextlib.contextmanager
def page_in(
    browser: str, path: Path | str, title: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[Page]:
    """Open a file or an address in a browser with a profile of its own; all ends with the block.

    Parameters
    ----------
    title
        What its window's title holds once the page is there.
    folder
        Where the profile is made.
    environment
        Names the X server and the sound server.
    """
    profile = folder / f"profile-{browser}"
    profile.mkdir()
    own = {
        **environment,
        "HOME": str(profile),
        "XDG_RUNTIME_DIR": str(profile),
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }
    process = subprocess.Popen(
        _command(browser, profile, path if isinstance(path, str) else path.as_uri()),
        env=own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    page = Page(environment, title)
    try:
        wait_for(lambda: page.is_there, what=f"{browser} shows the page")
        page.take_focus()
        yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
