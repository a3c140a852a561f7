"""The scripts of a handover, on the source and on the target."""

from __future__ import annotations

from uplift.keyspace.server.scripts import lua_text, script_of

_HERE = "uplift.sidekiq"
_TAKE = lua_text("take_head.lua", _HERE)
_APPLY = lua_text("apply_head.lua", _HERE)

RAISE_EPOCH = script_of(lua_text("raise_epoch.lua", _HERE))
TAKE_LIST = script_of(_TAKE, lua_text("take_list.lua", _HERE))
TAKE_SORTED_SET = script_of(_TAKE, lua_text("take_sorted_set.lua", _HERE))
TAKE_STATISTICS = script_of(_TAKE, lua_text("take_statistics.lua", _HERE))
CONFIRM = script_of(lua_text("confirm.lua", _HERE))
GIVE_BACK = script_of(lua_text("give_back.lua", _HERE))
APPLY_SORTED_SET = script_of(_APPLY, lua_text("apply_sorted_set.lua", _HERE))
APPLY_STATISTICS = script_of(_APPLY, lua_text("apply_statistics.lua", _HERE))
RELEASE_HELD = script_of(lua_text("release_held.lua", _HERE))
TAKE_BATCH = script_of(_TAKE, lua_text("take_batch.lua", _HERE))
APPLY_BATCH = script_of(_APPLY, lua_text("apply_batch.lua", _HERE))
COPY_LOCKS = script_of(lua_text("copy_locks.lua", _HERE))
DROP_LOCKS = script_of(lua_text("drop_locks.lua", _HERE))
CARRY_PAUSED = script_of(lua_text("carry_paused.lua", _HERE))
COUNT_LEFT = script_of(lua_text("count_left.lua", _HERE))
QUEUE_MOVED = script_of(lua_text("queue_moved.lua", _HERE))
GATE_RECORD = script_of(lua_text("gate_record.lua", _HERE))
GATE_MARK = script_of(lua_text("gate_mark.lua", _HERE))
GATE_UNMARK = script_of(lua_text("gate_unmark.lua", _HERE))
GATE_SWITCH = script_of(lua_text("gate_switch.lua", _HERE))

ON_SOURCE = (RAISE_EPOCH, TAKE_LIST, TAKE_SORTED_SET, TAKE_STATISTICS, TAKE_BATCH, CONFIRM, GIVE_BACK, DROP_LOCKS)
ON_TARGET = (RAISE_EPOCH, APPLY_SORTED_SET, APPLY_STATISTICS, APPLY_BATCH, RELEASE_HELD, CARRY_PAUSED, COPY_LOCKS, DROP_LOCKS)
ON_GATE = (RAISE_EPOCH, GATE_RECORD, GATE_MARK, GATE_UNMARK, GATE_SWITCH)
