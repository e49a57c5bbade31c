"""Chromium driven by Selenium, as a listener uses it: keys, and what stands on the page."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.pulse import wait_for
from kit.timing import PATIENCE


def missing() -> str:
    """Return why there can be no driven Chromium here, or nothing."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        return "Chromium and its driver are not installed (apt install chromium chromium-driver)"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "Selenium is not installed (pip install selenium)"
    return ""


class Browser:
    """One page in Chromium.

    Attributes
    ----------
    driver
        Selenium's.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def go(self, url: str) -> None:
        """Open an address."""
        self.driver.get(url)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is, one after the other: letters, or Selenium's names (ENTER)."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        for key in keys:
            ActionChains(self.driver).send_keys(getattr(Keys, key, key)).perform()

    @property
    def text(self) -> str:
        """All that can be read."""
        from selenium.webdriver.common.by import By

        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def run(self, script: str) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script)

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until something holds; the page's text is told where it does not."""

        def told() -> str:
            log = [entry["message"] for entry in self.driver.get_log("browser")][-5:]
            return f"{what}; the page says {self.text!r}; {log}"

        wait_for(condition, what=told)

    def wait_for_text(self, text: str) -> None:
        """Wait until a text can be read."""
        self.wait(lambda: text in self.text, f"{text!r} is shown")

    def kill(self) -> None:
        """Kill the browser and all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(os.getpgid(self.driver.service.process.pid), signal.SIGKILL)


@contextlib.contextmanager
def chrome(
    folder: Path, environment: Mapping[str, str] | None = None, *, size: str = "1000,900"
) -> Iterator[Browser]:
    """Run Chromium with a profile of its own; it ends with the block.

    Parameters
    ----------
    folder
        Where the profile is made, or lies already: what was kept in the browser is there again.
    environment
        Names the X server and the sound server; without one there is no window and no device.
    """
    if reason := missing():
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    quiet = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    for word in (*quiet, f"--window-size={size}", f"--user-data-dir={folder}"):
        options.add_argument(word)
    if environment is None:
        options.add_argument("--headless=new")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(
        shutil.which("chromedriver"),
        env=dict(environment or os.environ),
        popen_kw={"start_new_session": True},
    )
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(PATIENCE)
    browser = Browser(driver)
    group = os.getpgid(service.process.pid)
    try:
        yield browser
    finally:
        with contextlib.suppress(Exception):
            driver.quit()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
