"""What must be accepted before a schedule may be on, as far as settings alone decide it; the preflight asks for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.settings.legacy import LegacySettings
from uplift.settings.upgrade import Acknowledgement, UpgradeSettings


def needed_by_settings(legacy: LegacySettings) -> frozenset[Acknowledgement]:
    """What every preflight of such a legacy demands (uplift/inplace/decisions/preflight.py)."""
    needed = {Acknowledgement.MANAGER_MUST_CHANGE_A_LINE}
    if not legacy.version.creatable:
        needed.add(Acknowledgement.NO_ENGINE_ROLLBACK)
    if legacy.is_standalone:
        needed.add(Acknowledgement.OUTAGE_FOR_THE_WHOLE_UPGRADE)
    return frozenset(needed)


def consent_problems(legacy: LegacySettings, upgrade: UpgradeSettings) -> Iterator[str]:
    """What an enabled schedule lacks: a run that begins by itself would be refused at night."""
    if not upgrade.schedule.enabled:
        return
    missing = sorted(needed_by_settings(legacy) - upgrade.acknowledged)
    if missing:
        yield f"upgrade.acknowledged lacks {', '.join(missing)}, but schedule.enabled: `uplift plan ENV` says what each of them means"
    if upgrade.approved is None:
        yield (
            "upgrade.approved is missing, but schedule.enabled: allowed {plan: DIGEST, by: NAME}, the digest as `uplift plan ENV` prints it"
        )
