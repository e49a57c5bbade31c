"""Setting up the PLC-MOS service: tested without an account, the token never shown nor written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from gaplisten.exchange.service_settings import PLCMOS
from gaplisten.ui.batch.service_dialog import ServiceDialog, where_token_is


@pytest.fixture
def dialog(qtbot: QtBot, window: Any) -> ServiceDialog:
    window.actions_table["scores.service"].trigger()
    found: ServiceDialog = window.panes["batch"].service_dialog
    return found


def ask(qtbot: QtBot, dialog: ServiceDialog, address: str) -> str:
    dialog.address.setText(address)
    dialog.test.click()
    qtbot.waitUntil(dialog.test.isEnabled)
    return dialog.said.text()


def test_the_connection_is_tested_without_an_account(
    qtbot: QtBot, dialog: ServiceDialog, service: Any
) -> None:
    assert ask(qtbot, dialog, service.address) == "The service answers: OK"
    assert service.accounts == []


def test_a_service_that_is_not_there_is_told_with_the_reason(qtbot: QtBot, dialog: ServiceDialog) -> None:
    assert "cannot be reached" in ask(qtbot, dialog, "http://127.0.0.1:1/")


def test_an_address_that_would_give_the_token_away_is_refused(qtbot: QtBot, dialog: ServiceDialog) -> None:
    assert "unencrypted" in ask(qtbot, dialog, "http://example.org/")
    dialog.user.setText("team")
    dialog._save()
    assert "unencrypted" in dialog.said.text()
    assert not PLCMOS.path.exists()


def test_address_and_user_are_kept_and_shown_again(
    qtbot: QtBot, window: Any, dialog: ServiceDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLCMOS.token_variable, "open-sesame")
    dialog.address.setText("https://plcmos.example.org/")
    dialog.user.setText("team")
    dialog._save()
    assert not dialog.isVisible()
    dialog.address.clear()
    window.actions_table["scores.service"].trigger()
    qtbot.waitUntil(lambda: dialog.token.text().startswith("found in the environment"))
    assert (dialog.address.text(), dialog.user.text()) == ("https://plcmos.example.org/", "team")
    assert "open-sesame" not in PLCMOS.path.read_text(encoding="utf-8") + dialog.token.text()


def test_where_the_token_is_missing_the_way_to_it_is_told(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.delenv(PLCMOS.token_variable, raising=False)
    monkeypatch.setattr("gaplisten.exchange.service_settings._from_keyring", lambda user, _kind: "")
    assert PLCMOS.token_variable in where_token_is("team")
    monkeypatch.setattr("gaplisten.exchange.service_settings._from_keyring", lambda user, _kind: "secret")
    assert where_token_is("team") == "found in the system's keyring, for team"
