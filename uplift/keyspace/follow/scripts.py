"""The scripts of a follow."""

from __future__ import annotations

from uplift.keyspace.server.scripts import READ_TTLS, lua_text, script_of

_HERE = "uplift.keyspace.follow"

_VALUES = lua_text("values.lua", _HERE)
READ_ROUND = script_of(READ_TTLS, _VALUES, lua_text("read_round.lua", _HERE))
APPLY_ROUND = script_of(_VALUES, lua_text("apply_round.lua", _HERE))
DUMP_SETTLED = script_of(_VALUES, lua_text("dump_settled.lua", _HERE))
RAISE_LEASE = script_of(lua_text("raise_lease.lua", _HERE))
FORGET_FLUSH = script_of(lua_text("forget_flush.lua", _HERE))
PROBE_CLASSES = script_of(lua_text("probe_classes.lua", _HERE))
RELEASE_LEASE = script_of(lua_text("release_lease.lua", _HERE))
