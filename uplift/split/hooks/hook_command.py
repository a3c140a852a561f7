"""An operator's command as it is given: split into words, without a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from uplift.errors import BadInput


@dataclass(frozen=True, slots=True)
class HookCommand:
    """The program and its arguments. `option` is what the operator gave it with."""

    option: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As a message names it: the program alone, since arguments may hold a token."""
        return f"{self.option} {self.words[0]}"


def hook_command(text: str, option: str) -> HookCommand:
    """Split into words as sh would, and nothing more: no variable, no glob, no pipe means anything.

    A shell where none is expected runs what was only to be quoted; who wants one says so: `--on-go 'sh -c "a && b"'`. Raises BadInput.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as problem:
        raise BadInput(f"{option}: {problem}, allowed: a program and its arguments, quoted as in sh") from None
    if not words or not words[0] or "\0" in text:
        raise BadInput(f"{option}: no program in it, allowed: a program and its arguments; for a shell: sh -c '…'")
    return HookCommand(option, words)
