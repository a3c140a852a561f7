"""The gate's scripts, the same on both sides."""

from __future__ import annotations

from uplift.keyspace.server.scripts import Script, lua_text, script_of
from uplift.sidekiq.run.epoch import RAISE_EPOCH


def _script(name: str) -> Script:
    return script_of(lua_text(f"{name}.lua", "uplift.sidekiq.gate"))


RECORD = _script("record")
MARK = _script("mark")
UNMARK = _script("unmark")
SWITCH = _script("switch")
ALL = (RAISE_EPOCH, RECORD, MARK, UNMARK, SWITCH)
