"""Proves on a real subscription that a server tells of what happens to its keys: of each class, by keys of the run's own.

The probes and a last message are sent in one go. What is not heard before the message comes will never be heard: no waiting, no clock.
"""

from __future__ import annotations

import select
import time
from dataclasses import dataclass

from uplift.errors import NotSafe, SourceUnreachable, TargetRefused
from uplift.keyspace.follow.followed_server import TIMEOUT_SECONDS
from uplift.keyspace.follow.own_names import channel_of, probe_name
from uplift.keyspace.follow.subscription import Subscription
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, read_server_facts
from uplift.keyspace.server.replies import ErrorReply

WHERE_TO_SET = "set notify-keyspace-events in the parameter group of that ElastiCache group"
_LIFE_MILLISECONDS = 60_000
_STREAMS_SINCE = (5, 0)


@dataclass(frozen=True, slots=True)
class EventClass:
    """A class of notify-keyspace-events: its letter, what it is of, and a write with the event that it makes."""

    letter: str
    of: str
    write: tuple[str, ...]
    event: bytes
    since: tuple[int, ...] = (0,)


# {key} stands for the probe's name. Each is a write that makes nothing else of its class.
CLASSES = (
    EventClass("$", "strings", ("SET", "{key}", "1"), b"set"),
    EventClass("l", "lists", ("RPUSH", "{key}", "1"), b"rpush"),
    EventClass("s", "sets", ("SADD", "{key}", "1"), b"sadd"),
    EventClass("h", "hashes", ("HSET", "{key}", "f", "1"), b"hset"),
    EventClass("z", "sorted sets", ("ZADD", "{key}", "1", "m"), b"zadd"),
    EventClass("t", "streams", ("XADD", "{key}", "*", "f", "1"), b"xadd", _STREAMS_SINCE),
)
_EXPIRED = "x"


@dataclass(frozen=True, slots=True)
class Heard:
    """Letters of the classes that were heard, and of those that were silent. `g`: DEL, EXPIRE and such; `x`: expired."""

    heard: tuple[str, ...]
    silent: tuple[str, ...]


def classes_of(facts: ServerFacts) -> list[EventClass]:
    """Those that a server of this version has."""
    return [one for one in CLASSES if facts.compatible_version >= one.since]


def probe_requests(owner: str, classes: list[EventClass]) -> list[bytes]:
    """Packed requests that write and delete a probe of each class; one that is broken off between the two goes by itself."""
    requests = []
    for one in classes:
        key = probe_name(owner, one.letter)
        requests.append(pack(*(key if part == "{key}" else part for part in one.write)))
        requests.append(pack("PEXPIRE", key, _LIFE_MILLISECONDS))
    return requests + [pack("DEL", probe_name(owner, one.letter)) for one in classes]


def silence_of(heard: Heard) -> str | None:
    """What is wrong with a server's events and what to do; None where nothing is."""
    allowed = f"allowed: a value with E and A; {WHERE_TO_SET}"
    if not heard.heard:
        return f"no key event came back: notify-keyspace-events is empty or lacks E, {allowed}"
    if not heard.silent:
        return None
    words = {one.letter: one.of for one in CLASSES} | {"g": "commands of every type", _EXPIRED: "expired keys"}
    silent = ", ".join(f"{letter} ({words[letter]})" for letter in heard.silent)
    return f"notify-keyspace-events has E and {''.join(heard.heard)}, and lacks {silent}, {allowed}"


def prove_events(name: str, endpoint: Endpoint, database: int, owner: str) -> None:
    """Return where every class of events is told. The probes are gone afterwards, or a minute later.

    Raises NotSafe saying what to set, TargetRefused where the probes cannot be written, or SourceUnreachable.
    """
    connection = Connection(endpoint, database=database, timeout_seconds=TIMEOUT_SECONDS)
    try:
        facts = read_server_facts(connection)
        subscription = Subscription(connection, database)
        try:
            heard = _listen(name, connection, subscription, facts, f"{owner}:{database}")
        finally:
            subscription.close()
    except ErrorReply as problem:
        raise TargetRefused(f"{name} ({endpoint}) answered: {problem.safe}") from None
    finally:
        connection.close()
    if (silence := silence_of(heard)) is not None:
        raise NotSafe(f"{name} ({endpoint}) database {database}: {silence}")


def _listen(name: str, connection: Connection, subscription: Subscription, facts: ServerFacts, owner: str) -> Heard:
    classes = classes_of(facts)
    keys = {one.letter: probe_name(owner, one.letter) for one in classes}
    over = probe_name(owner, _EXPIRED)
    requests = [pack("SET", over, "1", "PX", 1), *probe_requests(owner, classes)]
    refused = next((reply for reply in connection.call_all(requests) if isinstance(reply, ErrorReply)), None)
    if refused is not None:
        raise TargetRefused(f"{name} ({connection.endpoint}) takes no keys of the follow's own: {refused.safe}")
    while connection.ask("EXISTS", over):
        # It is over in a ms; whoever asks makes the server say so.
        time.sleep(0.001)
    last = probe_name(owner, "last")
    connection.call("PUBLISH", channel_of(connection.database), last)
    told = _told_until(name, subscription, last)
    heard = [one.letter for one in classes if (one.event, keys[one.letter]) in told]
    wanted = [one.letter for one in classes] + ["g", _EXPIRED]
    heard += ["g"] if {(b"expire", key) for key in keys.values()} <= told and {(b"del", key) for key in keys.values()} <= told else []
    heard += [_EXPIRED] if (b"expired", over) in told else []
    return Heard(tuple(heard), tuple(letter for letter in wanted if letter not in heard))


def _told_until(name: str, subscription: Subscription, last: bytes) -> set[tuple[bytes, bytes]]:
    """Events with their keys, up to the message. Raises SourceUnreachable where it does not come."""
    told: set[tuple[bytes, bytes]] = set()
    poll = select.poll()
    poll.register(subscription.fileno(), select.POLLIN)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        poll.poll(left * 1000)
        for reply in subscription.arrived():
            match reply:
                case [b"pmessage", _, bytes(channel), bytes(key)]:
                    told.add((channel.rpartition(b":")[2], key))
                case [b"message", _, text] if text == last:
                    return told
                case _:
                    pass
    raise SourceUnreachable(f"{name}: a message did not come back over the subscription for {TIMEOUT_SECONDS:.0f} s")
