"""Every action of the workbench as data: menus, shortcuts, the shortcut sheet and the tests read this table.

A feature of its own keeps its commands beside its code and is named once in `gaplisten.ui.features`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.ui.lanes.drawers import drawer_kinds


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a user can ask for.

    Parameters
    ----------
    name
        Stable identifier, ``menu.verb``.
    text
        What the menu shows; the mnemonic is left to the platform.
    keys
        Key sequences in Qt's portable text, several parted by ``"; "``; empty for none.
    help
        One sentence for the status bar and the shortcut sheet.
    menu
        Where it is found; a slash makes a submenu.
    part
        Neighbours in a menu whose parts differ are parted by a line.
    checkable
        Whether it is on or off.
    group
        Of the checkable commands of one group, one is on.
    listening
        Whether its keys act only where nothing is typed or ticked (Space, arrows), not in the whole window.
    """

    name: str
    text: str
    keys: str
    help: str
    menu: str
    part: str = ""
    checkable: bool = False
    group: str = ""
    listening: bool = False


def _lane(key: int) -> Command:
    name = {0: "Reference", 1: "Lossy"}.get(key, f"Lane {key}")
    keys = "0; R" if key == 0 else str(key)
    return Command(
        f"listen.lane{key}", name, keys, f"Hear lane {key} at the same position", "Listen/Lane", "digits"
    )


_FILE = (
    Command("file.open_folder", "Open Folder…", "Ctrl+O", "Open a folder of clips", "File", "open"),
    Command(
        "file.open_files", "Open Files…", "Ctrl+Shift+O", "Open loose sound files and traces", "File", "open"
    ),
    Command("file.open_work", "Open Workbench…", "Ctrl+Alt+O", "Open a saved workbench file", "File", "open"),
    Command("file.demo", "Open Demo", "", "Open the bundled demo speech", "File", "open"),
    Command("file.reference", "Reference Folder…", "", "Say where the clean references lie", "File", "set"),
    Command(
        "file.packet", "Packet Length…", "", "Say how long the packets of these clips are", "File", "set"
    ),
    Command(
        "file.save",
        "Save Workbench",
        "Ctrl+S",
        "Save clips, concealers, loss edits and notes",
        "File",
        "save",
    ),
    Command("file.save_as", "Save Workbench As…", "Ctrl+Shift+S", "Save under another name", "File", "save"),
    Command("export.picture", "Picture…", "Ctrl+Shift+P", "Save the view as PNG or SVG", "File/Export", "a"),
    Command(
        "export.lane", "Sound of This Lane…", "Ctrl+Shift+E", "Save what is heard now", "File/Export", "b"
    ),
    Command("export.lanes", "Sound of All Lanes…", "", "Save every lane into a folder", "File/Export", "b"),
    Command("export.trace", "Loss Trace…", "", "Save the loss trace", "File/Export", "c"),
    Command("export.gaps", "Gap Table…", "", "Save the gap table as CSV", "File/Export", "c"),
    Command(
        "export.notes", "Notes…", "", "Save notes as CSV or as labels for other tools", "File/Export", "c"
    ),
    Command(
        "file.settings",
        "Settings…",
        "Ctrl+,",
        "Context around a gap, level, length of the cross-fade",
        "File",
        "settings",
    ),
    Command("file.quit", "Quit", "Ctrl+Q", "Close the workbench", "File", "quit"),
)
_EDIT = (
    Command("edit.undo", "Undo", "Ctrl+Z", "Take the last edit back", "Edit", "history"),
    Command("edit.redo", "Redo", "Ctrl+Shift+Z; Ctrl+Y", "Do it again", "Edit", "history"),
    Command("edit.note", "Add Note", "N", "Note what is heard here", "Edit", "notes"),
    Command("edit.remove_note", "Remove Note", "Ctrl+Del", "Remove the selected note", "Edit", "notes"),
    Command("edit.find_note", "Find Note", "Ctrl+Shift+F", "Search the notes", "Edit", "notes"),
    Command(
        "edit.paint",
        "Paint Loss",
        "P",
        "Drag over packets to lose them, with Shift to receive them",
        "Edit",
        "loss",
        checkable=True,
    ),
    Command("edit.loss_model", "New Loss…", "Ctrl+L", "Lose packets by a model or a file", "Edit", "loss"),
    Command("edit.reset_loss", "Restore Own Loss", "", "Go back to the clip's own trace", "Edit", "loss"),
    Command("edit.lane_up", "Move Lane Up", "Ctrl+Up", "Move the heard lane up", "Edit", "lanes"),
    Command("edit.lane_down", "Move Lane Down", "Ctrl+Down", "Move the heard lane down", "Edit", "lanes"),
    Command("edit.filter", "Find Clip", "Ctrl+K", "Type into the clip list's filter", "Edit", "find"),
    Command("edit.next_clip", "Next Clip", "Ctrl+PgDown", "Show the next clip of the list", "Edit", "find"),
    Command("edit.previous_clip", "Previous Clip", "Ctrl+PgUp", "Show the previous clip", "Edit", "find"),
)
_VIEW = (
    Command("view.lanes", "Lanes", "Ctrl+1", "One lane under the other", "View", "mode", True, "mode"),
    Command("view.overlay", "Overlay", "Ctrl+2", "All lanes in one", "View", "mode", True, "mode"),
    Command(
        "view.residual", "Residual", "Ctrl+3", "What differs from the reference", "View", "mode", True, "mode"
    ),
    *(
        Command(f"view.{kind.name}", kind.title, kind.keys, kind.help, "View", "draw", True, "draw")
        for kind in drawer_kinds().values()
    ),
    *(
        Command(f"view.this_{kind.name}", kind.title, "", kind.lane_help, "View/This Lane")
        for kind in drawer_kinds().values()
    ),
    Command(
        "view.against", "Residuals Against It", "", "Show what differs from the heard lane", "View/This Lane"
    ),
    Command(
        "view.altered",
        "Colour Altered Samples",
        "Ctrl+D",
        "Make altered received samples stand out",
        "View",
        "draw",
        True,
    ),
    Command("view.zoom_in", "Zoom In", "Ctrl+=; Ctrl++", "See less, larger", "View", "zoom"),
    Command("view.zoom_out", "Zoom Out", "Ctrl+-", "See more, smaller", "View", "zoom"),
    Command("view.zoom_loop", "Zoom to Loop", "Ctrl+E", "Fit the loop into the view", "View", "zoom"),
    Command("view.fit", "Fit All", "F; Ctrl+F", "See the whole clip", "View", "zoom"),
    Command("view.taller", "Larger Amplitude", "Ctrl+Alt+Up", "Draw the amplitude larger", "View", "zoom"),
    Command(
        "view.flatter", "Smaller Amplitude", "Ctrl+Alt+Down", "Draw the amplitude smaller", "View", "zoom"
    ),
    Command(
        "view.fit_amplitude",
        "Fit Amplitude",
        "Ctrl+Alt+F",
        "Let the loudest lane fill its height",
        "View",
        "zoom",
    ),
    Command(
        "view.follow", "Follow the Playhead", "Ctrl+J", "Keep the playhead in view", "View", "follow", True
    ),
    Command(
        "view.inspect",
        "Arrows Pan",
        "I",
        "Left and Right pan instead of switching lanes",
        "View",
        "follow",
        True,
    ),
    Command("view.next_pane", "Next Pane", "F6", "Go on to the next part of the window", "View", "panes"),
    Command(
        "view.previous_pane", "Previous Pane", "Shift+F6", "Go back to the previous part", "View", "panes"
    ),
    Command("view.seconds", "Seconds", "", "Count seconds", "View/Ruler", "", True, "ruler"),
    Command("view.frames", "Frames", "", "Count frames", "View/Ruler", "", True, "ruler"),
    Command("view.packets", "Packets", "", "Count packets", "View/Ruler", "", True, "ruler"),
    Command(
        "view.system", "As the System", "", "Light or dark as the desktop is", "View/Theme", "", True, "theme"
    ),
    Command("view.light", "Light", "", "Dark on light", "View/Theme", "", True, "theme"),
    Command("view.dark", "Dark", "", "Light on dark", "View/Theme", "", True, "theme"),
)
_LISTEN = (
    Command("listen.toggle", "Play / Pause", "Space", "Play or pause", "Listen", "play", listening=True),
    Command(
        "listen.stop",
        "Stop",
        "Backspace",
        "Stop and go back to where it began",
        "Listen",
        "play",
        listening=True,
    ),
    Command("listen.start", "To the Start", "Home", "Go to the start", "Listen", "play", listening=True),
    Command("listen.end", "To the End", "End", "Go to the end", "Listen", "play", listening=True),
    *(_lane(key) for key in range(10)),
    Command("listen.next", "Next Lane", "Right", "Hear the next lane", "Listen/Lane", "turn", listening=True),
    Command(
        "listen.previous",
        "Previous Lane",
        "Left",
        "Hear the previous lane",
        "Listen/Lane",
        "turn",
        listening=True,
    ),
    Command("listen.loop", "Loop", "L", "Play the loop over and over", "Listen", "loop", True),
    Command("listen.loop_in", "Loop Starts Here", "A", "Begin the loop at the playhead", "Listen", "loop"),
    Command("listen.loop_out", "Loop Ends Here", "B", "End the loop at the playhead", "Listen", "loop"),
    Command(
        "listen.reset_in",
        "Loop from the Start",
        "Shift+A",
        "Begin the loop at the clip's start",
        "Listen",
        "loop",
    ),
    Command(
        "listen.reset_out", "Loop to the End", "Shift+B", "End the loop at the clip's end", "Listen", "loop"
    ),
    Command("listen.full", "Full Speed", "Shift+1", "Play as it is", "Listen/Speed", "", True, "speed"),
    Command(
        "listen.half",
        "Half Speed",
        "Shift+2",
        "Play at half speed; the pitch falls an octave",
        "Listen/Speed",
        "",
        True,
        "speed",
    ),
    Command(
        "listen.quarter",
        "Quarter Speed",
        "Shift+4",
        "Play at quarter speed; the pitch falls two octaves",
        "Listen/Speed",
        "",
        True,
        "speed",
    ),
    Command(
        "listen.lost",
        "Only the Lost Parts",
        "Shift+L",
        "Hear only what was concealed",
        "Listen",
        "lost",
        True,
    ),
    Command(
        "listen.standard",
        "Fade Out, Then In",
        "",
        "Switch as BS.1534-3 asks",
        "Listen/Switching",
        "",
        True,
        "switching",
    ),
    Command(
        "listen.crossfade",
        "Cross-Fade",
        "",
        "Switch with a cross-fade",
        "Listen/Switching",
        "",
        True,
        "switching",
    ),
    Command(
        "listen.rescan", "Look for Devices Again", "", "Look again for sound devices", "Listen", "device"
    ),
)
_GAP = (
    Command("gap.next", "Next Gap", "Alt+Right; PgDown", "Go to the next gap", "Gap", "go"),
    Command("gap.previous", "Previous Gap", "Alt+Left; PgUp", "Go to the previous gap", "Gap", "go"),
    Command("gap.play", "Play Gap", "G", "Play the gap with context", "Gap", "play"),
    Command("gap.loop", "Loop Gap", "Shift+G", "Loop the gap with context", "Gap", "play"),
    Command("gap.zoom", "Zoom to Gap", "Z", "Fit the gap with context into the view", "Gap", "play"),
    Command(
        "gap.play_here", "Play Around the Playhead", "H", "Play what lies around the playhead", "Gap", "notes"
    ),
    Command("gap.next_note", "Next Note", "Alt+Down", "Go to the next place that you marked", "Gap", "notes"),
    Command("gap.previous_note", "Previous Note", "Alt+Up", "Go to the previous note", "Gap", "notes"),
)
_CONCEAL = (
    Command(
        "conceal.reload", "Reload Changed Concealers", "Ctrl+R", "Read changed plugin files again", "Conceal"
    ),
    Command(
        "conceal.defaults", "Parameters Back to Default", "", "Reset the parameters of all lanes", "Conceal"
    ),
    Command(
        "conceal.folder",
        "Show the Plugin Folder",
        "",
        "Open the folder for your own concealers",
        "Conceal",
        "b",
    ),
)
_HELP = (
    Command("help.manual", "Manual", "F1", "Read the manual", "Help", "read"),
    Command("help.keys", "Keys", "F2; ?", "See every key", "Help", "read"),
    Command("help.log", "Messages", "", "Read what was reported", "Help", "about"),
    Command("help.about", "About Gaplisten", "", "Version and licence", "Help", "about"),
)

COMMANDS: tuple[Command, ...] = (*_FILE, *_EDIT, *_VIEW, *_LISTEN, *_GAP, *_CONCEAL, *_HELP)

MENUS = ("File", "Edit", "View", "Listen", "Gap", "Conceal", "Scores", "Panel", "Help")


def key_texts(command: Command) -> list[str]:
    """Return the command's key sequences, each as Qt's portable text."""
    return [key for key in command.keys.split("; ") if key]
