"""What a person asks of an engine when it is started."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.errors import BadInput
from uplift.keyspace.keymap.model import Action, KeyMap
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.gate.times import SETTLED_AFTER
from uplift.sidekiq.handover.handover import Patience
from uplift.split.pointer.pointer import Pointer

QUIET_SECONDS = 65.0
"""A process that was killed looks alive for a minute (Sidekiq's heartbeat, EXPIRE 60)."""


@dataclass(frozen=True, slots=True)
class SplitRequest:
    """`source` and `targets` are what is written; `pointer` is the first one, to the old side, of a run named `00000000`.

    `databases` empty: all that hold keys; `database` is Sidekiq's. `stands_by`: join a run whose engine lives elsewhere. `quiet_seconds`:
    so long nobody may talk to a side before it counts as left. `allowed_clients`: globs of names or addresses that are nobody's
    application. `on_go_seconds`: how long the operator's command may take. `clock_tolerance` in ms. `cron_late_seconds` as in
    SidekiqSides. `cron_clock` says what time it is for the gate, in seconds since 1970.
    """

    source: Endpoint
    targets: tuple[TargetUrl, ...]
    keymap: KeyMap
    pointer: Pointer
    databases: tuple[int, ...] = ()
    database: int = 0
    stands_by: bool = False
    needs_standby: bool = True
    on_go: str | None = None
    on_go_seconds: float = 60.0
    on_event: str | None = None
    allowed_clients: tuple[str, ...] = ()
    quiet_seconds: float = QUIET_SECONDS
    clock_tolerance: int = 1000
    scheduler_prefix: str = ""
    waits_for_replicas: bool = True
    patience: Patience = field(default_factory=Patience)
    cron_late_seconds: int = SETTLED_AFTER
    cron_clock: Callable[[], float] = time.time

    @property
    def sidekiq(self) -> TargetUrl:
        """The target whose keys a handover moves. Raises BadInput where there is not exactly one."""
        moved = {rule.to for rule in self.keymap.rules if rule.action is Action.HANDOVER}
        found = [target for target in self.targets if target.name in moved]
        if len(found) != 1:
            of_rules = ", ".join(sorted(moved)) or "the key map has none"
            raise BadInput(
                f"--to: {len(found)} of them are destinations of rules with action handover ({of_rules}), "
                "allowed: exactly one, which Sidekiq's jobs go to"
            )
        return found[0]

    @property
    def followed(self) -> tuple[TargetUrl, ...]:
        """The targets that are followed. Raises BadInput where there is none."""
        sidekiq = self.sidekiq
        found = tuple(target for target in self.targets if target is not sidekiq)
        if not found:
            raise BadInput("--to: only Sidekiq's, allowed: also one for each other destination of the key map")
        return found
