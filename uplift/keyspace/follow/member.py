"""One of the engines of a follow: it stands by or writes, and goes from one to the other."""

from __future__ import annotations

import time

from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.engine import Engine
from uplift.keyspace.follow.interruptions import Abandoned, Fenced
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.round import StopPoint
from uplift.keyspace.follow.standby import Heard, Standby
from uplift.keyspace.follow.streams import Streams, ready_to_take
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.keymap.routing import Router
from uplift.keyspace.server.page_reader import ReadLimits

_STANDBY_WAIT_SECONDS = 0.1


class Member:
    """`owner` is a name no other engine has. One that is fenced stands by from then on where `stands_by`, else it ends. `least_round`: one
    that takes over begins above it.

    `engine` is None while it stands by.
    """

    def __init__(
        self,
        streams: Streams,
        router: Router,
        policy: Policy,
        owner: str,
        *,
        stands_by: bool,
        least_round: int = 0,
        limits: ReadLimits | None = None,
        stop_point: StopPoint = lambda _name: None,
    ) -> None:
        self.streams, self.owner, self.stands_by, self._least_round = streams, owner, stands_by, least_round
        self._router, self._limits, self._stop_point = router, limits or ReadLimits(), stop_point
        self.takeovers = 0
        self.standby: Standby | None = Standby(streams, policy) if stands_by else None
        self.engine: Engine | None = None if stands_by else self._new_engine(policy)

    @property
    def policy(self) -> Policy:
        """Of whichever it is."""
        return self.engine.policy if self.engine is not None else self._standing_by.policy

    @property
    def _standing_by(self) -> Standby:
        if self.standby is None:
            raise RuntimeError("an engine that writes does not stand by")
        return self.standby

    def _new_engine(self, policy: Policy) -> Engine:
        return Engine(self.streams, self._router, Lease(0, self.owner), policy, limits=self._limits, stop_point=self._stop_point)

    def step(self, wait_seconds: float = _STANDBY_WAIT_SECONDS) -> Step:
        """One round, or one look at what the engine that writes does. Raises Fenced where that ends it, BadInput, or NotSafe."""
        if self.engine is None:
            return self._stand_by(wait_seconds)
        try:
            return self.engine.step(wait_seconds)
        except Fenced as fenced:
            self.engine.give_up()
            if not self.stands_by:
                raise
            self._begin_to_stand_by()
            return Step(problem=str(fenced))

    def _begin_to_stand_by(self) -> None:
        policy, self.engine = self.policy, None
        self.standby = Standby(self.streams, policy)
        # What it settled and wrote down after the other one took over may not be so.
        self.streams.forget()

    def _stand_by(self, wait_seconds: float) -> Step:
        standby = self._standing_by
        heard = standby.step()
        if heard is Heard.SILENT:
            return self._take_over(standby)
        if heard is Heard.NOT_READY:
            time.sleep(min(wait_seconds, 0.02))
        else:
            ready_to_take(self.streams.servers, wait_seconds)
        return Step()

    def _take_over(self, standby: Standby) -> Step:
        """The lease, source first; whoever is refused goes on standing by."""
        self._stop_point("about to take over")
        engine = self._new_engine(standby.policy)
        engine.inherit(standby.inherit(), self._least_round)
        try:
            engine.raise_leases()
        except (Fenced, Abandoned) as refused:
            standby.wait_longer()
            return Step(problem=str(refused))
        self.engine, self.standby = engine, None
        self.takeovers += 1
        return Step()

    def close(self) -> None:
        """Close every connection; the lease stays."""
        self.streams.close()
        if self.engine is not None:
            self.engine.close()
