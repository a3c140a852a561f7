"""Queues in which a process keeps the jobs it works on, so that they are not lost with it: Pro's reliable fetch and super_fetch."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTITY = rb"(?P<owner>[^|\n]+?:[0-9]+:[0-9a-f]{12})"
_SUPER_FETCH = re.compile(rb"queue:sq\|%b\|(?P<queue>.+)" % _IDENTITY, re.DOTALL)
_SUPER_FETCH_OLD = re.compile(rb"queue:sq_%b_(?P<queue>.+)" % _IDENTITY, re.DOTALL)
# What stands behind the name of a queue: Pro's reliable_fetch (host, number of the process), some third parties (host, process id, number),
# and TEA's fork of sidekiq-reliable-fetch, in which all processes share one (lib/sidekiq/reliable_fetcher.rb).
_BEHIND_A_QUEUE = (re.compile(rb"_.+_[0-9]+", re.DOTALL), re.compile(rb"\|[^|]+\|[0-9]+\|[0-9]+", re.DOTALL), re.compile(rb":working"))
_SEPARATORS = re.compile(rb"[_|:]")


@dataclass(frozen=True, slots=True)
class PrivateQueue:
    """`owner` is the identity of its process, None where its name does not say one: nobody can tell then whether that lives.

    `queue` is empty where its name does not say which queue its jobs came from.
    """

    key: bytes
    queue: bytes
    owner: bytes | None


def private_queue_of(key: bytes, public: frozenset[bytes]) -> PrivateQueue | None:
    """What a `queue:` key is that is not public; None for a public one. `public`: names in `queues` or listed by live processes.

    The form of super_fetch is Pro-Changes 3.5.0's (3.4: `_`); the others are reconstructed, so their owners are not told.
    """
    for form in (_SUPER_FETCH, _SUPER_FETCH_OLD):
        # Before what is public: somebody who pushed by hand may have put such a name into `queues`, and its owner works on it all the same.
        if found := form.fullmatch(key):
            return PrivateQueue(key, found["queue"], found["owner"])
    name = key.removeprefix(b"queue:")
    if name in public:
        return None
    return PrivateQueue(key, _queue_in_front(name, public), None)


def _queue_in_front(name: bytes, public: frozenset[bytes]) -> bytes:
    """The longest public queue that `name` begins with, where what follows is of a known form: queues may have _ and | in them, too."""
    for at in reversed([found.start() for found in _SEPARATORS.finditer(name)]):
        if name[:at] in public and any(form.fullmatch(name, at) for form in _BEHIND_A_QUEUE):
            return name[:at]
    return b""
