"""One run of an operator's command: never waited for, but looked at, by whoever has other things to do."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress

from uplift.split.hooks.hook_command import HookCommand
from uplift.split.hooks.outcome import Done, HookOutcome, NotStarted, TimedOut

_OUTPUT_KEPT = 4096
_PIPE_BYTES = 65_536
_MOST_BYTES_A_LOOK = 16 * _PIPE_BYTES
"""However much it writes, a look takes an instant."""
_GRACE_SECONDS = 1.0
"""Between SIGTERM and SIGKILL."""


class HookProcess:
    """It has a process group of its own, so that Ctrl-C does not reach it and nothing it started is left at its limit.

    What it starts and leaves behind when it ends by itself is let be: a restart of something that lasts is its business.
    """

    def __init__(self, command: HookCommand, given: bytes, seconds: float) -> None:
        """Start it with `given` on standard input and `seconds` of time. Raises nothing: see `poll`."""
        self.outcome: HookOutcome | None = None
        self._command, self._left, self._seconds = command, given, seconds
        self._output = b""
        self._kill_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ends_at = time.monotonic() + seconds
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command.words, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as problem:
            self.outcome = NotStarted(f"{command}: {problem.strerror or problem}: it was not started")
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    def poll(self) -> HookOutcome | None:
        """Give and take what can be given and taken without waiting; how it ended, once it has."""
        process = self._process
        if self.outcome is not None or process is None:
            return self.outcome
        self._give(process)
        self._take(process)
        if self._kill_at is not None:
            self._end_group(process, self._kill_at)
        elif _has_ended(process):
            self._take(process)
            self._finish(process, None)
        elif time.monotonic() >= self._ends_at:
            self.terminate()
        return self.outcome

    def wait_a_moment(self, seconds: float) -> None:
        """Until it has written something, or `seconds` are over."""
        process = self._process
        if process is None or process.stdout is None or process.stdout.closed:
            time.sleep(seconds)
            return
        select.select([process.stdout], [], [], seconds)

    def terminate(self) -> None:
        """Ask the whole group to end; `poll` kills it soon after where it does not."""
        if self._process is not None and self.outcome is None and self._kill_at is None:
            self._kill_at = time.monotonic() + _GRACE_SECONDS
            _signal_group(self._process, signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once."""
        if self._process is not None and self.outcome is None:
            _signal_group(self._process, signal.SIGKILL)
            self._finish(self._process, TimedOut(self._seconds, self._text()))

    def _give(self, process: subprocess.Popen[bytes]) -> None:
        pipe = process.stdin
        if pipe is None or pipe.closed:
            return
        try:
            while self._left:
                self._left = self._left[os.write(pipe.fileno(), self._left[:_PIPE_BYTES]) :]
        except BlockingIOError:
            return
        except OSError:
            # It does not read: that is its business.
            self._left = b""
        with suppress(OSError):
            pipe.close()

    def _take(self, process: subprocess.Popen[bytes]) -> None:
        pipe = process.stdout
        if pipe is None or pipe.closed:
            return
        for _ in range(_MOST_BYTES_A_LOOK // _PIPE_BYTES):
            try:
                data = os.read(pipe.fileno(), _PIPE_BYTES)
            except BlockingIOError:
                return
            if not data:
                pipe.close()
                return
            self._output = (self._output + data)[-_OUTPUT_KEPT:]

    def _end_group(self, process: subprocess.Popen[bytes], kill_at: float) -> None:
        """The group is killed before its leader is waited for: only until then is its number surely its own."""
        if _has_ended(process) or time.monotonic() >= kill_at:
            _signal_group(process, signal.SIGKILL)
            if _has_ended(process):
                self._finish(process, TimedOut(self._seconds, self._text()))

    def _finish(self, process: subprocess.Popen[bytes], outcome: HookOutcome | None) -> None:
        code = process.wait()
        self.outcome = outcome or Done(code, self._text())
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _text(self) -> str:
        return self._output.decode("utf-8", "replace")


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, leaving it to be waited for."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
