"""Whether two values are the same as they travel: strings as they are, anything else as its DUMP, of servers of any versions."""

from __future__ import annotations

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.encodings import Bytes
from uplift.keyspace.rdb.expiring_hash import KINDS, NEVER, Field, decode_fields
from uplift.keyspace.rdb.payload import payload_version
from uplift.keyspace.rdb.stream_value import StreamGroup, decode_stream
from uplift.keyspace.rdb.typed_value import HashValue, ListValue, SetValue, StreamValue, StringValue, ZsetValue, decode_value
from uplift.keyspace.rdb.types import DUMP_FOOTER_BYTES, VALKEY_VERSION, RdbType
from uplift.keyspace.server.canonical_value import comparable, without_hll_cache
from uplift.keyspace.server.page_reply import Value
from uplift.keyspace.server.replies import Reply


def same_value(one: bytes, other: bytes, *, is_string: bool) -> bool:
    """Whether both are one value in the sense of server/canonical_value.py: strings where `is_string`, else payloads of DUMP.

    False also where it cannot be told: a module's value, a form that this program does not know, bytes that are none. Raises nothing.
    """
    if is_string:
        return one == other or without_hll_cache(one) == without_hll_cache(other)
    if len(one) <= DUMP_FOOTER_BYTES or len(other) <= DUMP_FOOTER_BYTES:
        return False
    if one[:-DUMP_FOOTER_BYTES] == other[:-DUMP_FOOTER_BYTES]:
        return True
    try:
        return _canonical(one) == _canonical(other)
    except (ValueError, IndexError, NotConvertible):
        return False


def _canonical(payload: bytes) -> tuple[bytes, object]:
    kind, value = _as_reply(payload)
    return kind, comparable(kind, value)


def _as_reply(payload: bytes) -> tuple[bytes, Value]:
    """The type, and what its own command would answer (lua/read_page.lua)."""
    source = Bytes(payload[:-DUMP_FOOTER_BYTES], 1)
    kind = RdbType(payload[0])
    found = _decoded(kind, source, payload_version(payload))
    if source.position != len(source.data):
        raise ValueError("bytes behind the value")
    return found


def _decoded(kind: RdbType, source: Bytes, version: int) -> tuple[bytes, Value]:
    if kind in KINDS:
        # To release candidates of Redis 7.4 this number was another form.
        if kind is RdbType.VALKEY_HASH_2 and version != VALKEY_VERSION:
            raise NotConvertible("a hash of a release candidate of Redis 7.4")
        return b"hash", _hash_reply(decode_fields(kind, source))
    match decode_value(kind, source):
        case StringValue(data):
            return b"string", data
        case ListValue(elements):
            return b"list", [*elements]
        case SetValue(members):
            return b"set", [*members]
        case HashValue(pairs):
            return b"hash", [part for pair in pairs for part in pair]
        case ZsetValue(scored):
            # repr is the shortest text that gives the same bits again.
            return b"zset", [part for member, score in scored for part in (member, repr(score).encode())]
        case StreamValue(data):
            content = decode_stream(data)
            entries: list[Reply] = [[identifier, [*fields]] for identifier, fields in content.entries]
            return b"stream", [entries, content.last_id, [_group_reply(group) for group in content.groups]]


def _hash_reply(fields: list[Field]) -> list[Reply]:
    flat: list[Reply] = [part for name, data, _ in fields for part in (name, data)]
    times: list[Reply] = [time for _, _, time in fields]
    return [flat, times] if any(time != NEVER for time in times) else flat


def _group_reply(group: StreamGroup) -> Reply:
    pending: list[Reply] = [part for entry in group.pending for part in entry]
    return [group.name, group.last_delivered, pending, [*group.consumers]]
