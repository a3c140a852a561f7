"""Parts of the protocol, each taken away by its name: a test that does not notice it would not notice its loss either.

python -m tests.keyspace.follow.drawn --without "no compare" --until-broken
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from typing import Any

from uplift.keyspace.follow import both_sides_judging, engine, proofs
from uplift.keyspace.follow import round as rounds
from uplift.keyspace.follow.applying import ANYTHING, Change, apply_request
from uplift.keyspace.follow.decision import Candidate, Decision, Outcome, Policy, Reason, decide
from uplift.keyspace.follow.evidence import Evidence, TouchKind
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import Gaps
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.pasts import _UNKNOWN, Past, Pasts
from uplift.keyspace.follow.round import Round
from uplift.keyspace.follow.scripts import APPLY_ROUND
from uplift.keyspace.follow.side_events import MarkerAt, SideEvents
from uplift.keyspace.follow.standby import Standby
from uplift.keyspace.follow.touches import Touches


def _put(place: Any, name: str, value: Any) -> None:
    """In place of what the program has there."""
    setattr(place, name, value)


def _no_compare() -> None:
    """What is written goes over whatever is there."""

    def request(changes: list[Change], *rest: Any, **more: Any) -> bytes:
        return apply_request([one._replace(expected=ANYTHING) for one in changes], *rest, **more)

    _put(rounds, "apply_request", request)


def _no_fence() -> None:
    """Decided as soon as the answers came: of their markers only those count that came already."""
    real_wait, real_finish, real_check = Round._wait_for_markers, Round.finish, proofs.check_proofs

    def finish(self: Round) -> None:
        real_finish(self)
        real_wait(self, [(page, side) for page in self.pages for side in Side])

    def check(round_: Round, page: Page, lease: Lease) -> list[FollowedServer]:
        for side in Side:
            reply = round_.read_replies.get((page.number, side))
            at = (round_.number, page.number)
            if reply is not None and reply.lease == lease.text and at not in round_.server(page, side).events.markers:
                return []
        return real_check(round_, page, lease)

    _put(Round, "_wait_for_markers", lambda _self, _of: None)
    _put(Round, "finish", finish)
    _put(engine, "check_proofs", check)


def _no_brackets_no_base() -> None:
    """An echo is a write, and nobody knows what both sides held."""
    real = SideEvents._release

    def release(self: SideEvents, _ours: Container[bytes]) -> None:
        real(self, ())

    def past_of(_self: Pasts, _key: bytes) -> Past:
        return _UNKNOWN

    _put(SideEvents, "_release", release)
    _put(Pasts, "past_of", past_of)


def _no_lease() -> None:
    """What an engine sent takes place, whoever writes by then; it ends once it is told of another one."""
    text = APPLY_ROUND.text.replace(b"if lease ~= ARGV[1] then", b"if false then")
    assert text != APPLY_ROUND.text
    object.__setattr__(APPLY_ROUND, "text", text)
    object.__setattr__(APPLY_ROUND, "digest", hashlib.sha1(text, usedforsecurity=False).hexdigest())


def _expire_is_a_write() -> None:
    real = Touches.note

    def note(self: Touches, key: bytes, kind: TouchKind, position: int, round_: int) -> None:
        real(self, key, TouchKind.WRITTEN if kind is TouchKind.LIFE else kind, position, round_)

    _put(Touches, "note", note)


def _gap_to_the_authority() -> None:
    """What changed in a gap is decided by policy, though the other side was not touched."""

    def by_authority(source: Candidate, target: Candidate, *, same_value: bool, policy: Policy) -> Decision:
        found = decide(source, target, same_value=same_value, policy=policy)
        in_gap = {Evidence.GAP, Evidence.GAP_UNKNOWN} & {source.evidence, target.evidence}
        if in_gap and found.outcome in {Outcome.SOURCE, Outcome.TARGET}:
            return Decision(Outcome.SOURCE if policy.authority is Side.SOURCE else Outcome.TARGET, Reason.CHANGED_BOTH)
        return found

    _put(both_sides_judging, "decide", by_authority)


def _failover_is_a_gap() -> None:
    def take_failover(self: FollowedServer) -> frozenset[bytes]:
        self.stop_listening("another process")
        return self.events.touches.take_all()

    _put(FollowedServer, "_take_failover", take_failover)


def _cold_is_warm() -> None:
    """A standby believes that it knows everything as soon as it listens."""
    real_begin, real_init, real_inherit = Standby._begin_anew, Standby.__init__, Standby.inherit

    def init(self: Standby, *rest: Any) -> None:
        real_init(self, *rest)
        self.is_warm = True

    def begin_anew(self: Standby, place: int) -> None:
        real_begin(self, place)
        self.is_warm = True

    def inherit(self: Standby) -> Any:
        found = real_inherit(self)
        for server in self.streams.servers:
            server.gaps = Gaps(None, [], server.gaps.resets)
        return found

    _put(Standby, "__init__", init)
    _put(Standby, "_begin_anew", begin_anew)
    _put(Standby, "inherit", inherit)


def _no_proof_of_events() -> None:
    """Neither the canary nor the classes of events are looked at."""
    real = SideEvents._take_marker

    def take(self: SideEvents, marker: Any) -> None:
        real(self, marker)
        at = self.markers.get((marker.round, marker.page))
        if at is not None:
            self.markers[marker.round, marker.page] = MarkerAt(at.marker, at.position, True)

    _put(SideEvents, "_take_marker", take)
    _put(SideEvents, "_take_probed", lambda _self, _probed: None)


ABLATIONS: dict[str, Callable[[], None]] = {
    "no compare": _no_compare,
    "no fence": _no_fence,
    "no brackets, no base": _no_brackets_no_base,
    "no lease": _no_lease,
    "EXPIRE is a write": _expire_is_a_write,
    "a gap to the authority": _gap_to_the_authority,
    "a failover is a gap": _failover_is_a_gap,
    "cold is warm": _cold_is_warm,
    "no proof of events": _no_proof_of_events,
}
SHOWN_BY: dict[str, tuple[str, ...]] = {
    "EXPIRE is a write": ("kill_the_standby",),
    "a failover is a gap": ("fail_over",),
    "a gap to the authority": ("cut_everybody", "cut_the_active", "kill_subscribers"),
    "cold is warm": ("kill_before_it_is_warm",),
    "no brackets, no base": ("kill_the_standby", "half_a_send"),
}
"""By what each is shown within a few runs.

The others show in the exhaustive model alone: without compare, fence or lease one of two writes is lost that came within a round of each
other, and either of them may be the last one; what is missing is that it was counted. Events that were missed are found by the next pass.
"""
