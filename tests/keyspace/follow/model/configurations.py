"""What is explored: configurations that hold, and ablations that do not."""

from __future__ import annotations

from dataclasses import replace

from tests.keyspace.follow.model.rules import Bounds, Configuration, Rules
from uplift.keyspace.follow.key_state import Side

_AT_ONCE = (False, False)
_ACTIVE_LAGS = (True, False)
_T = Side.TARGET
_BARE = Rules(base=False, base_update_in_marker=False)

HOLDING = (
    Configuration("1 + 1 writes", Bounds()),
    Configuration("2 + 1 writes", Bounds((2, 1)), lags=_AT_ONCE),
    Configuration("2 + 1 writes, base unknown", Bounds((2, 1)), _BARE),
    Configuration("2 + 1 writes, no brackets", Bounds((2, 1)), Rules(brackets=False), lags=_AT_ONCE),
    Configuration("2 + 1 writes, no fast path", Bounds((2, 1)), Rules(fast_path=False)),
    Configuration("1 + 1 writes, 1 + 1 deletions", Bounds(deletes=(1, 1)), lags=_AT_ONCE),
    Configuration("1 + 1 writes and an EXPIRE", Bounds(expires=(0, 1)), lags=_AT_ONCE),
    Configuration("one way, 1 + 1 writes, a cut", Bounds(cuts=1), Rules(two_way=False), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a cut", Bounds(cuts=1), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a cut, an answer settles nothing", Bounds(cuts=1), Rules(answer_settles=False), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a cut, authority T", Bounds(cuts=1), lags=_AT_ONCE, authority=_T),
    Configuration("1 + 1 writes, the command connection breaks", Bounds(breaks=1), lags=_AT_ONCE),
    Configuration("a write and a deletion, the command connection breaks", Bounds((1, 0), (1, 0), breaks=1), lags=_AT_ONCE, is_there=False),
    Configuration("a write, both connections break", Bounds((1, 0), cuts=1, breaks=1), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a failover", Bounds(failovers=1), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a flush", Bounds(flushes=1), lags=_AT_ONCE),
    Configuration("two engines, 1 + 1 writes, two deaths", Bounds(deaths=2), start="two", lags=_AT_ONCE),
    Configuration("two engines, a write, a death, the active lags", Bounds((1, 0), deaths=1), start="two", lags=_ACTIVE_LAGS),
    Configuration("two engines, a write, a zombie", Bounds((1, 0), zombies=1), start="two", lags=_ACTIVE_LAGS),
    Configuration("two engines, a write, a death, a break", Bounds((1, 0), deaths=1, breaks=1), start="two", lags=_AT_ONCE),
    Configuration("a late standby, 1 + 1 writes, a death", Bounds(deaths=1), start="late", lags=_AT_ONCE),
    Configuration("a late standby, a write, a zombie", Bounds((1, 0), zombies=1), start="late", lags=_ACTIVE_LAGS),
    Configuration("two standbys of a dead engine, 1 + 1 writes", Bounds(), start="orphans", lags=_AT_ONCE),
)
LARGER = (
    Configuration("2 + 2 writes", Bounds((2, 2))),
    Configuration("1 + 1 writes, 1 + 1 deletions, messages lag", Bounds(deletes=(1, 1))),
    Configuration("1 + 1 writes, 1 + 1 EXPIREs", Bounds(expires=(1, 1)), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a cut, messages lag", Bounds(cuts=1)),
    Configuration("1 + 1 writes, two cuts", Bounds(cuts=2), lags=_AT_ONCE),
    Configuration("1 + 1 writes, a break, messages lag", Bounds(breaks=1)),
    Configuration("1 + 1 writes, both connections to T break", Bounds(cuts=1, breaks=1, cut_side=_T), lags=_AT_ONCE),
    Configuration(
        "a write and a deletion, both connections to T break", Bounds((1, 0), (1, 0), cuts=1, breaks=1, cut_side=_T), lags=_AT_ONCE
    ),
    Configuration("1 + 1 writes, a failover, messages lag", Bounds(failovers=1)),
    Configuration("1 + 1 writes, a flush, messages lag", Bounds(flushes=1)),
    Configuration("two engines, a write, a death, a flush", Bounds((1, 0), deaths=1, flushes=1), start="two", lags=_AT_ONCE),
    Configuration("two engines, a write, a death, a failover", Bounds((1, 0), deaths=1, failovers=1), start="two", lags=_AT_ONCE),
    Configuration("two engines, 2 writes, a zombie", Bounds((2, 0), zombies=1), start="two", lags=_ACTIVE_LAGS),
    Configuration("two engines, 1 + 1 writes, a death, a break", Bounds(deaths=1, breaks=1), start="two", lags=_AT_ONCE),
    Configuration("two engines, 1 + 1 writes, two deaths, a cut", Bounds(deaths=2, cuts=1), start="two", lags=_AT_ONCE),
)

_ABSENT_TWO = Configuration("", Bounds((1, 0), (1, 0)), start="two", is_there=False)
ABLATIONS = (
    Configuration("no fence", Bounds(), Rules(fence=False)),
    Configuration("no compare", Bounds(), Rules(compare=False)),
    Configuration("no brackets and no base", Bounds((2, 1)), replace(_BARE, brackets=False)),
    replace(_ABSENT_TWO, name="no lease", bounds=Bounds((1, 0), (1, 0), zombies=1), rules=Rules(lease=False), lags=_ACTIVE_LAGS),
    replace(_ABSENT_TWO, name="a bare epoch", rules=Rules(owner_in_lease=False), start="orphans", lags=_AT_ONCE),
    Configuration(
        "no raise after a reconnect", Bounds((1, 0), (1, 0), breaks=1), Rules(raises_after_cut=False), lags=_AT_ONCE, is_there=False
    ),
    Configuration("EXPIRE taken for a write", Bounds((1, 0), expires=(0, 1)), Rules(expire_is_a_life=False)),
    Configuration("EXPIRE taken for a write, no base", Bounds((1, 0), expires=(0, 1)), replace(_BARE, expire_is_a_life=False)),
    Configuration("a gap given to the authority", Bounds((1, 0), cuts=1), Rules(gap_is_a_change=False), authority=_T),
    Configuration("a failover taken for a gap", Bounds((1, 0), failovers=1), Rules(failover_is_a_reset=False)),
    Configuration("a gap over when the write came back", Bounds((2, 0), cuts=1), Rules(cleared_by_read=False), lags=_AT_ONCE),
    Configuration("cold taken for warm", Bounds((1, 0), deaths=1), Rules(cold_is_a_gap=False), start="late", lags=_AT_ONCE),
    Configuration(
        "an unanswered write is a base of both sides", Bounds((1, 0), cuts=1, breaks=1), Rules(unanswered_on_one_side=False), lags=_AT_ONCE
    ),
    Configuration(
        "an unanswered write is no base", Bounds((2, 0), cuts=1, breaks=1, cut_side=_T), Rules(unanswered_is_a_base=False), lags=_AT_ONCE
    ),
    Configuration(
        "an unanswered write is no net change", Bounds(cuts=1, breaks=1, cut_side=_T), Rules(unanswered_is_net=False), lags=_AT_ONCE
    ),
    Configuration(
        "a base update not in the marker", Bounds((1, 0), (1, 1), deaths=1), Rules(base_update_in_marker=False), start="two", lags=_AT_ONCE
    ),
    Configuration(
        "a raise does not tell of a flush",
        Bounds((1, 0), deaths=1, flushes=1),
        Rules(raise_tells_of_flush=False),
        start="two",
        lags=_AT_ONCE,
    ),
    Configuration("no gaps in the marker", Bounds((1, 0), cuts=1, deaths=1), Rules(inherits_gaps=False), start="two", lags=_AT_ONCE),
)
BY_NAME = {config.name: config for config in (*HOLDING, *LARGER, *ABLATIONS)}
