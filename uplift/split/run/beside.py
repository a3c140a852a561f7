"""Work that goes on beside the follow, on a thread of its own: a server that does not answer must not hold that up."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Beside:
    """`piece` does one bounded piece and says in how many seconds the next one is due; `at_end` is called when the thread ends."""

    def __init__(self, name: str, piece: Callable[[], float], at_end: Callable[[], None]) -> None:
        self._piece, self._at_end = piece, at_end
        self._failure: BaseException | None = None
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._is_ending.is_set():
                due = self._piece()
                if due > 0:
                    self._is_ending.wait(due)
        except BaseException as failure:  # noqa: BLE001 - raised again by whoever drives the run
            self._failure = failure
        finally:
            self._at_end()

    def raise_failure(self) -> None:
        """Raises what ended the thread."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """End it after its piece. Safe to call twice."""
        self._is_ending.set()
        self._thread.join()
