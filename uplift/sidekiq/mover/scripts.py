"""The mover's scripts, on the source and on the target."""

from __future__ import annotations

from uplift.keyspace.server.scripts import Script, lua_text, script_of
from uplift.sidekiq.run.epoch import RAISE_EPOCH


def _script(*names: str) -> Script:
    return script_of(*(lua_text(f"{name}.lua", "uplift.sidekiq.mover") for name in names))


TAKE_LIST = _script("take_head", "take_list")
TAKE_SORTED_SET = _script("take_head", "take_sorted_set")
TAKE_STATISTICS = _script("take_head", "take_statistics")
TAKE_BATCH = _script("take_head", "take_batch")
CONFIRM = _script("confirm")
GIVE_BACK = _script("give_back")
APPLY_SORTED_SET = _script("apply_head", "apply_sorted_set")
APPLY_STATISTICS = _script("apply_head", "apply_statistics")
APPLY_BATCH = _script("apply_head", "apply_batch")
RELEASE_HELD = _script("release_held")
CARRY_PAUSED = _script("carry_paused")
COPY_LOCKS = _script("copy_locks")
DROP_LOCKS = _script("drop_locks")

ON_SOURCE = (RAISE_EPOCH, TAKE_LIST, TAKE_SORTED_SET, TAKE_STATISTICS, TAKE_BATCH, CONFIRM, GIVE_BACK, DROP_LOCKS)
ON_TARGET = (RAISE_EPOCH, APPLY_SORTED_SET, APPLY_STATISTICS, APPLY_BATCH, RELEASE_HELD, CARRY_PAUSED, COPY_LOCKS, DROP_LOCKS)
