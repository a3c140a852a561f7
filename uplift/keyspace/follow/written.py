"""What became of the changes a round sent: what each answer means, and what is remembered of those without one."""

from __future__ import annotations

from typing import assert_never

from uplift.keyspace.follow.applying import Applied, Change
from uplift.keyspace.follow.big_keys import BigKeys
from uplift.keyspace.follow.dirty_keys import DirtyKeys
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import is_fenced_by
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.round import Round
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.totals import Totals
from uplift.keyspace.follow.unanswered_writes import UnansweredWrite


class WrittenChanges:
    """Of one engine."""

    def __init__(self, streams: Streams, dirty: DirtyKeys, big: BigKeys, totals: Totals) -> None:
        self._streams, self._dirty, self._big, self._totals = streams, dirty, big, totals

    def note_sent(self, round_: Round, page: Page, changes: tuple[list[Change], list[Change]]) -> int:
        """What is about to be sent, for a process that begins where this one is killed; how many changes."""
        note = self._streams.pasts.note_sent
        for side, some in zip(Side, changes, strict=True):
            place = self._streams.place_of(round_.server(page, side))
            for one in some:
                note(one.key, place, side, one.winner_token, one.life)
        return sum(map(len, changes))

    def take_answers(self, round_: Round) -> None:
        """Every answer came. Raises Fenced where one met another's lease."""
        for place, some in round_.changes.items():
            answer = round_.apply_replies[place]
            if answer.fenced and is_fenced_by(round_.lease, answer.fenced):
                raise Fenced(answer.fenced)
            if answer.fenced is not None:
                # The lease is gone, or an older one: the next reading finds out why.
                self._dirty.read_both_sides(one.key for one in some)
                continue
            for one, letter in zip(some, answer.letters, strict=True):
                self._take_letter(one, letter)

    def _take_letter(self, change: Change, letter: Applied) -> None:
        match letter:
            case Applied.DONE:
                self._totals.written += 1
                return
            case Applied.CHANGED:
                self._totals.changed += 1
                self._dirty.read_both_sides([change.key])
            case Applied.TOO_BIG:
                self._big.add(change.key)
            case Applied.REFUSED:
                self._totals.refused += 1
                self._dirty.read_both_sides([change.key])
            case _:
                assert_never(letter)
        self._streams.pending_lives.pop(change.key, None)

    def remember_unanswered(self, round_: Round) -> None:
        """The round broke off. What came of a change is not known, unless an end says so: its key stays dirty."""
        for (number, side), some in round_.changes.items():
            server = round_.server(round_.pages[number], side)
            if self._streams.has_ended(server, round_.number, number):
                continue
            for one in some:
                self._dirty.read_both_sides([one.key])
                self._streams.pending_lives.pop(one.key, None)
                write = UnansweredWrite(self._streams.place_of(server), side, one.winner_token, one.life, one.value)
                self._streams.pasts.unanswered.keep(one.key, write)
