"""The forms in which a plugin can be written, one file each; `gaplisten.concealers.form` finds them."""
