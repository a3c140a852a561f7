"""Which RDB versions a server's RESTORE takes."""

from __future__ import annotations

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.types import VALKEY_VERSION
from uplift.keyspace.server.facts import ServerFacts

# Redis versions from which on a server writes and takes an RDB version (redis/redis src/rdb.h of each release).
_VERSIONS = (((7, 4), 12), ((7, 2), 11), ((7, 0), 10), ((5, 0), 9), ((4, 0), 8), ((3, 2), 7), ((2, 6), 6))
_FIRST_VALKEY_WITH_OWN_VERSION = 9


def newest_payload_taken(facts: ServerFacts) -> int:
    """The newest RDB version that RESTORE of this server takes. Raises NotConvertible for a server older than 2.6, which has none."""
    if facts.is_valkey:
        return VALKEY_VERSION if int(facts.version.split(".")[0]) >= _FIRST_VALKEY_WITH_OWN_VERSION else 11
    for first, version in _VERSIONS:
        if facts.compatible_version[:2] >= first:
            return version
    raise NotConvertible(f"Redis {facts.version} has no RESTORE; allowed: 2.6 or newer")
