"""The errors of Uplift: each has a code for machines and one line for people."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line returns to the shell."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    STILL_CHANGING = 3
    NOT_KNOWN = 4


class UpliftError(Exception):
    """Base of every error raised on purpose. `code` never changes once released."""

    code = "Uplift"
    exit_code = ExitCode.FAILED


class BadInput(UpliftError):
    """Something a person wrote cannot be used; the message names file, field and what is allowed."""

    code = "BadInput"
    exit_code = ExitCode.BAD_INPUT


class SourceUnreachable(UpliftError):
    """Redis did not answer at the address ElastiCache gave."""

    code = "SourceUnreachable"


class Throttled(UpliftError):
    """AWS asked us to slow down; nothing was changed by the refused call."""

    code = "Throttled"


class NotTaken(UpliftError):
    """A change was asked for and never reached AWS, or AWS was too busy to look at it; it may be asked for again."""

    code = "NotTaken"


class RunRefused(UpliftError):
    """A step found a state in which going on is not safe; nothing was changed by that step."""

    code = "RunRefused"


class LockLost(UpliftError):
    """Another execution took this run over, so this one must not act any more."""

    code = "LockLost"


class TargetRefused(UpliftError):
    """A Redis refused a command for a reason that stops the run: out of memory, read-only, loading, failing over."""

    code = "TargetRefused"


class NotSafe(UpliftError):
    """A preflight found that going on could lose or overwrite data; nothing was written."""

    code = "NotSafe"


class KeyUnroutable(UpliftError):
    """A key that no rule of the key map covers; nothing is guessed, the run stops and can be resumed."""

    code = "KeyUnroutable"


class NotConvertible(UpliftError):
    """A value that the target's version cannot hold."""

    code = "NotConvertible"


class NotWritten(UpliftError):
    """What a command found could not be written down: the disk is full, or standard output takes no more."""

    code = "NotWritten"


class DamagedFile(UpliftError):
    """An RDB file that does not hold what its header promises; the message names the offset in bytes."""

    code = "DamagedFile"
    exit_code = ExitCode.BAD_INPUT
