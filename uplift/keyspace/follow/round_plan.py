"""Which keys the next round reads: those that are dirty, and the next ones of a pass."""

from __future__ import annotations

from itertools import chain

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.follow.dirty_keys import DirtyKeys
from uplift.keyspace.follow.interruptions import Abandoned
from uplift.keyspace.follow.pages import Page, pages_of, token_pages
from uplift.keyspace.follow.reconciling_pass import ReconcilingPass
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.replies import ErrorReply

_MOST_ON_BOTH_SIDES = 10_000
"""So many keys that a pass found different may wait; it goes on when they are fewer."""

_LEAST_SHARE_OF_A_PASS = 5
"""Of the keys of a round, a fifth."""


class RoundPlan:
    """Of the rounds of one engine."""

    def __init__(self, streams: Streams, dirty: DirtyKeys, passes: ReconcilingPass) -> None:
        self._streams, self._dirty, self._passes = streams, dirty, passes

    def next_pages(self, most_keys: int, *, two_way: bool) -> tuple[list[Page], dict[bytes, Rule]]:
        """Pages of `most_keys` dirty keys, and where that is not 0 of a pass that is due, and their rules. Raises Abandoned where a scan
        broke off.
        """
        streams, passes = self._streams, self._passes
        pages = pages_of(self._dirty.next_keys(two_way=two_way), len(streams.targets), most_keys)
        if most_keys and passes.is_due() and self._dirty.count_on_both_sides < _MOST_ON_BOTH_SIDES:
            # What an application waits for goes first, and the pass never stands still.
            room = max(most_keys - sum(page.most_keys for page in pages), most_keys // _LEAST_SHARE_OF_A_PASS)
            untouched = ((key, rule.target) for key, rule in passes.next_keys(self._is_to_compare, room))
            try:
                pages += token_pages(untouched, len(pages))
            except (SourceUnreachable, TargetRefused, ErrorReply) as problem:
                # Over the scan's own connection: its cursor is of no use any more.
                passes.is_wanted = True
                raise Abandoned(str(problem)) from None
        rule_of = streams.rule_of
        return pages, {key: rule_of(key) for page in pages for key in chain(*page.one_side, page.both_sides)}

    def _is_to_compare(self, key: bytes) -> bool:
        """Whether this pass has not compared the key, and no round is to look at it anyway."""
        entry = self._streams.pasts.base.get(key)
        if entry is not None and entry.round >= self._passes.first_round:
            return False
        return self._dirty.is_quiet(key)
