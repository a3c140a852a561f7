"""The epoch: every ledger has one, and what is sent by whoever has not the latest is refused."""

from __future__ import annotations

from uplift.keyspace.server.scripts import lua_text, script_of

RAISE_EPOCH = script_of(lua_text("raise_epoch.lua", "uplift.sidekiq.run"))
