"""Queues in which a process keeps the jobs it works on, so that they are not lost with it: Pro's reliable fetch and super_fetch."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUPER_FETCH = re.compile(rb"queue:sq\|(?P<owner>[^|\n]+:[0-9]+:[0-9a-f]{12})\|(?P<queue>.+)", re.DOTALL)
_SUPER_FETCH_OLD = re.compile(rb"queue:sq_(?P<owner>[^|\n]+:[0-9]+:[0-9a-f]{12})_(?P<queue>.+)", re.DOTALL)
# As some third parties write them: the host, the process and a number in place of an identity.
_BY_PROCESS = re.compile(rb"queue:(?P<queue>.+)\|(?P<host>[^|\n]+)\|(?P<pid>[0-9]+)\|[0-9]+", re.DOTALL)
_RELIABLE_FETCH = re.compile(rb"queue:(?P<queue>.+)_(?P<host>[^_\n]+)_[0-9]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PrivateQueue:
    """`owner` is the identity of its process, None where its name does not say one: nobody can tell then whether that lives."""

    key: bytes
    queue: bytes
    owner: bytes | None


def private_queue_of(key: bytes, public: frozenset[bytes]) -> PrivateQueue | None:
    """What a `queue:` key is that is not public; None for a public one. `public`: names in `queues` or listed by live processes.

    The form of super_fetch is Pro-Changes 3.5.0's (3.4: `_`); the others are reconstructed, so their owners are not told.
    """
    name = key.removeprefix(b"queue:")
    for form in (_SUPER_FETCH, _SUPER_FETCH_OLD):
        if found := form.fullmatch(key):
            return PrivateQueue(key, found["queue"], found["owner"])
    if name in public:
        return None
    for form in (_BY_PROCESS, _RELIABLE_FETCH):
        if (found := form.fullmatch(key)) and found["queue"] in public:
            return PrivateQueue(key, found["queue"], None)
    return PrivateQueue(key, b"", None)
