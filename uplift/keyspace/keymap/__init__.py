"""Which key goes where, and how a key is shown.

`file.load_keymap`, `check.check_keymap`, `routing.build_router` and `key_label.KeyLabels` are for outside. No connection is opened here.
"""
