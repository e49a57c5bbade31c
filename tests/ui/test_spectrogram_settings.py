"""Spectrogram settings are seen at once, kept, and told from nonsense."""

from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.bench.settings import Settings, read_settings, write_settings


def test_what_is_set_is_seen_at_once_and_kept(opened, qtbot, settle):
    settle(opened)
    pane = opened.panes["spectrogram"]
    opened.actions_table["view.spectrogram_settings"].trigger()
    dialog = pane.dialog
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.high_hz.text() == "what the clip has"
    dialog.high_hz.setValue(4000)
    dialog.scale.setCurrentIndex(dialog.scale.findData("mel"))
    dialog.hatched.setChecked(True)
    wanted = SpectrumLook(high_hz=4000.0, scale="mel", hatched=True)
    assert opened.lanes_view._drawers["spectrogram"].look == wanted
    assert read_settings().spectrum == wanted
    opened.lanes_view.look_wanted.emit(SpectrumLook(low_hz=500.0))
    assert dialog.low_hz.value() == 500
    dialog.chosen.emit(SpectrumLook())
    assert read_settings().spectrum == SpectrumLook()
    dialog.close()


def test_nonsense_in_the_file_falls_back(tmp_path):
    path = tmp_path / "settings.toml"
    write_settings(Settings().with_spectrum(SpectrumLook(window_ms=8.0, palette="grey")), path)
    assert read_settings(path).spectrum == SpectrumLook(window_ms=8.0, palette="grey")
    text = path.read_text().replace('"grey"', '"plaid"').replace("8.0", "-3.0")
    path.write_text(text)
    assert read_settings(path).spectrum == SpectrumLook()
