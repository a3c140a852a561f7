"""Which destinations may not be followed: those whose keys a handover moves."""

from __future__ import annotations

from collections.abc import Iterable

from uplift.errors import BadInput
from uplift.keyspace.keymap.model import Action, KeyMap


def refuse_handed_over(keymap: KeyMap, targets: Iterable[str]) -> None:
    """Return where every target may be followed. In: the names of `--to`. Raises BadInput for one that a rule of action handover names.

    It does not matter whether rules copy to it as well: what a follow carries both ways (cron marks, totals, dead jobs) the handover
    moves or sets by itself, and both together fire no cron and count twice.
    """
    moved = {
        name: [rule.name for rule in keymap.rules if rule.to == name and rule.action is Action.HANDOVER] for name in keymap.destinations
    }
    for name in targets:
        if rules := moved.get(name):
            others = [other for other in keymap.destinations if not moved[other]]
            raise BadInput(
                f"--to {name}: a destination of Sidekiq's is never followed: its jobs are moved by the handover "
                f"(rules {', '.join(rules)}), allowed: {', '.join(others) or 'none of this key map'}"
            )
