"""Proves on a real subscription that a server tells of what happens to its keys: of each class, by keys of the run's own.

The probe (event_classes.py) publishes a message behind what it wrote. What is not heard before that will never be heard: no clock decides.
"""

from __future__ import annotations

import select
import time
from dataclasses import dataclass

from uplift.errors import NotSafe, SourceUnreachable, TargetRefused
from uplift.keyspace.follow.event_classes import CLASSES, PROBE_NAMES, classes_on, probe_request
from uplift.keyspace.follow.followed_server import TIMEOUT_SECONDS
from uplift.keyspace.follow.messages import Probed, message_of
from uplift.keyspace.follow.own_names import PROBE_PREFIX
from uplift.keyspace.follow.scripts import PROBE_CLASSES
from uplift.keyspace.follow.subscription import Subscription
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.replies import ErrorReply, as_bytes, as_bytes_list

WHERE_TO_SET = "set notify-keyspace-events in the parameter group of that ElastiCache group"
_GENERIC, _EXPIRED, _EVICTED = "g", "x", "e"
_WORDS = CLASSES | {_GENERIC: "commands of every type", _EXPIRED: "expired keys", _EVICTED: "evicted keys"}
_EXPIRED_PROBE = PROBE_PREFIX + _EXPIRED.encode()


@dataclass(frozen=True, slots=True)
class Heard:
    """Letters of the classes that were heard, and of those that were silent."""

    heard: tuple[str, ...]
    silent: tuple[str, ...]


def silence_of(heard: Heard) -> str | None:
    """What is wrong with a server's events and what to do; None where nothing is."""
    allowed = f"allowed: a value with E and A; {WHERE_TO_SET}"
    if not heard.heard:
        return f"no key event came back: notify-keyspace-events is empty or lacks E, {allowed}"
    if not heard.silent:
        return None
    silent = ", ".join(f"{letter} ({_WORDS[letter]})" for letter in heard.silent)
    return f"notify-keyspace-events has E and {''.join(heard.heard)}, and lacks {silent}, {allowed}"


def prove_events(name: str, endpoint: Endpoint, database: int, owner: str) -> str | None:
    """Return where every class of events is told; what could not be proven, in words. Probes are gone afterwards, or a minute later.

    Raises NotSafe saying what to set, TargetRefused where the probes cannot be written, or SourceUnreachable.
    """
    connection = Connection(endpoint, database=database, timeout_seconds=TIMEOUT_SECONDS)
    try:
        tells_evictions = _tells_evictions(connection)
        subscription = Subscription(connection, database)
        try:
            heard = _listen(name, connection, subscription, owner.encode())
        finally:
            subscription.close()
    except ErrorReply as problem:
        raise TargetRefused(f"{name} ({endpoint}) answered: {problem.safe}") from None
    finally:
        connection.close()
    if tells_evictions is False and heard.heard:
        heard = Heard(heard.heard, (*heard.silent, _EVICTED))
    if (silence := silence_of(heard)) is not None:
        raise NotSafe(f"{name} ({endpoint}) database {database}: {silence}")
    if tells_evictions is None:
        return f"{name} does not say whether it tells of evicted keys (class e): that is not proven"
    return None


def _tells_evictions(connection: Connection) -> bool | None:
    """Whether events of evictions are on, which no own key provokes; None where the parameter may not be read, as on ElastiCache."""
    try:
        reply = connection.ask("CONFIG", "GET", "notify-keyspace-events")
    except ErrorReply:
        return None
    value = as_bytes_list(reply)[1:]
    return any(letter in value[0] for letter in (b"A", b"e")) if value else None


def _listen(name: str, connection: Connection, subscription: Subscription, owner: bytes) -> Heard:
    classes = classes_on(read_server_facts(connection))
    _let_one_expire(name, connection)
    request = probe_request(connection.database, owner, classes)
    written = as_bytes(PROBE_CLASSES.answered(connection, request, connection.call_packed)).decode("ascii")
    if written != classes:
        refused = ", ".join(CLASSES[letter] for letter in classes if letter not in written)
        raise TargetRefused(f"{name} ({connection.endpoint}) takes no keys of the follow's own that are {refused}")
    told = _told_until_probed(name, subscription, owner)
    connection.call("DEL", *PROBE_NAMES)
    by_class = {letter: {event for event, key in told if key == probe} - {b"del", b"expire"} for probe, letter in PROBE_NAMES.items()}
    heard = [letter for letter in classes if by_class[letter]]
    heard += [_GENERIC] if any(event == b"expire" and key in PROBE_NAMES for event, key in told) else []
    heard += [_EXPIRED] if (b"expired", _EXPIRED_PROBE) in told else []
    wanted = [*classes, _GENERIC, _EXPIRED]
    return Heard(tuple(heard), tuple(letter for letter in wanted if letter not in heard))


def _let_one_expire(name: str, connection: Connection) -> None:
    try:
        connection.call("SET", _EXPIRED_PROBE, "1", "PX", 1)
    except ErrorReply as refused:
        raise TargetRefused(f"{name} ({connection.endpoint}) takes no keys of the follow's own: {refused.safe}") from None
    while connection.ask("EXISTS", _EXPIRED_PROBE):
        # It is over in a ms; whoever asks makes the server say so.
        time.sleep(0.001)


def _told_until_probed(name: str, subscription: Subscription, owner: bytes) -> set[tuple[bytes, bytes]]:
    """Events with their keys, up to the message of the owner's probe. Raises SourceUnreachable where it does not come."""
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
                case [b"message", _, bytes(text)]:
                    message = message_of(text)
                    if isinstance(message, Probed) and message.owner == owner:
                        return told
                case _:
                    pass
    raise SourceUnreachable(f"{name}: a message did not come back over the subscription for {TIMEOUT_SECONDS:.0f} s")
