"""The preflight as a part of a run: driven by steps, before anything of the run is written."""

from __future__ import annotations

from uplift.errors import NotSafe
from uplift.split.preflight.check import PreflightRequest, Verdict
from uplift.split.preflight.preflight import Preflight
from uplift.split.record.split_record import SplitRecord
from uplift.split.run.request import SplitRequest
from uplift.split.status.split_status import CheckStatus

_STEPS_AT_ONCE = 50


class Preflighting:
    """`checks` are those of the latest preflight; `refusals` None until it is over; `progress` says what is looked at."""

    def __init__(self, request: SplitRequest, record: SplitRecord) -> None:
        self.checks: tuple[CheckStatus, ...] = ()
        self.refusals: tuple[str, ...] | None = () if record.is_prechecked else None
        self._request, self._record = request, record
        self._preflight: Preflight | None = None

    @property
    def progress(self) -> str | None:
        """What it looks at now; None where it does not."""
        return self._preflight.progress if self._preflight is not None and self.refusals is None else None

    def step(self) -> bool:
        """Some of it; whether it is over. Raises NotSafe naming all that was refused."""
        preflight = self._preflight = self._preflight or Preflight(self._preflight_request())
        for _ in range(_STEPS_AT_ONCE):
            found = preflight.step()
            if found is None:
                continue
            self.checks = tuple(CheckStatus(one.name, one.verdict.value, one.text) for one in found.checks)
            self.refusals = tuple(f"{one.name}: {one.text}" for one in found.of(Verdict.REFUSED))
            if self.refusals:
                raise NotSafe("\n".join(("the preflight refuses; nothing was written:", *(f"  {one}" for one in self.refusals))))
            return True
        return False

    def _preflight_request(self) -> PreflightRequest:
        request, run = self._request, self._record.run
        return PreflightRequest(
            source=request.source,
            targets=request.targets,
            keymap=request.keymap,
            databases=request.databases,
            clock_tolerance=request.clock_tolerance,
            allowed_clients=request.allowed_clients,
            has_standby=True,
            own_handovers=frozenset({run, f"{run}b"}),
        )

    def close(self) -> None:
        """Let go of every connection. Safe to call twice."""
        if self._preflight is not None:
            self._preflight.close()
