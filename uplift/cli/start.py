"""Where the command begins: standard streams that take everything, Ctrl-C from the first moment on, and one line for every end.

It imports next to nothing, so that the time in which nobody listens to Ctrl-C is as short as it can be.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

_FAILED = 1
_STOPPED_BY_TYPER = 130


def run() -> None:
    """Run the command line; the entry point of the package."""
    if _takes_ctrl_c():
        signal.signal(signal.SIGINT, _stop_at_once)
    _open_streams()
    # Pydantic would look through every installed package for plugins of its own; we use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = _code_of_run()
    # What a full disk or a reader that is gone left in the buffer must not be tried again at exit, with a traceback.
    for stream in (sys.stdout, sys.stderr):
        code = _flushed(stream, code)
    sys.exit(code)


@contextmanager
def loading() -> Iterator[None]:
    """Ctrl-C while modules are imported ends the process at once, with its line.

    There is nothing to put in order then, and an import may turn KeyboardInterrupt into an error of its own (pydantic: SchemaError).
    """
    with _on_ctrl_c(_stop_at_once):
        yield


@contextmanager
def listening() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, for a command that puts things in order."""
    with _on_ctrl_c(signal.default_int_handler):
        yield


@contextmanager
def _on_ctrl_c(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if not _takes_ctrl_c():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _takes_ctrl_c() -> bool:
    """A shell without job control starts what runs in the background with the signal ignored."""
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    try:
        os.write(2, b"stopped\n")
    finally:
        os._exit(_FAILED)


def _code_of_run() -> int:
    try:
        from uplift.cli.main import run as run_command

        run_command()
    except KeyboardInterrupt:
        return _stopped()
    except SystemExit as ended:
        if ended.code == _STOPPED_BY_TYPER:
            return _stopped()
        return ended.code if isinstance(ended.code, int) else _FAILED
    except OSError as problem:
        # The help, which is not printed by us.
        if problem.errno != errno.ENOSPC:
            raise
        sys.stderr.write(f"{problem.filename or 'standard output'}: {problem.strerror}\n")
        return _FAILED
    return 0


def _stopped() -> int:
    """What has nothing to say about how to go on; a command that has something says it itself."""
    sys.stderr.write("stopped\n")
    return _FAILED


def _open_streams() -> None:
    """A stream that was closed (`>&-`) is none in Python; and a terminal's character set may lack what a message has."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")


def _flushed(stream: TextIO, code: int) -> int:
    """The exit code once a stream has given away all it holds; 1 where it could not."""
    try:
        stream.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as with `| head -1`.
        _close(stream)
        return code or _FAILED
    except OSError as problem:
        _close(stream)
        if stream is sys.stdout:
            sys.stderr.write(f"standard output: {problem.strerror}: the result was not written\n")
        return code or _FAILED
    return code


def _close(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
