"""A page as both sides answered it, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.keyspace.follow.applying import Change
from uplift.keyspace.follow.decision import Reason
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.reading import NOTHING_READ, ReadReply
from uplift.keyspace.follow.round import Round
from uplift.keyspace.follow.told import BaseUpdate


@dataclass(slots=True)
class Judgement:
    """What a page comes to. `changes` by the side they are written to; `need_both_sides`: keys that are to be read on both; `big`: those
    too big for a page.

    `named`: keys that policy decided, with the reason; `conflicts` by reason; `left`: keys that stay unequal; `pending_lives` by the side
    that gets its life back from the other one in the next round. `unexplained`: keys that differed though nothing had touched them.
    `base_updates`: what was equal, for a standby. `written_in_pieces`: big keys that were.
    """

    changes: tuple[list[Change], list[Change]] = field(default_factory=lambda: ([], []))
    need_both_sides: list[bytes] = field(default_factory=list)
    big: list[bytes] = field(default_factory=list)
    named: list[tuple[bytes, str]] = field(default_factory=list)
    conflicts: list[Reason] = field(default_factory=list)
    left: list[tuple[bytes, Reason]] = field(default_factory=list)
    pending_lives: dict[bytes, Side] = field(default_factory=dict)
    unexplained: list[bytes] = field(default_factory=list)
    base_updates: list[BaseUpdate] = field(default_factory=list)
    equal: int = 0
    written_in_pieces: int = 0


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as both sides answered it: replies and where their markers stood, by side."""

    page: Page
    replies: tuple[ReadReply, ReadReply]
    positions: tuple[int, int]
    round: int


def read_page(round_: Round, page: Page) -> ReadPage:
    """As far as a round read it: a side that nothing was read on has no reply yet."""
    source, target = (round_.read_replies.get((page.number, side), NOTHING_READ) for side in Side)
    return ReadPage(page, (source, target), (round_.position(page, Side.SOURCE), round_.position(page, Side.TARGET)), round_.number)
