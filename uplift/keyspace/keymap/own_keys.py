"""Keys that belong to nobody's data: never copied, deleted or counted."""

from __future__ import annotations

# ElastiCache keeps it in database 0 (stickermule/rump#15).
ELASTICACHE_OWN_KEY = b"ElastiCacheMasterReplicationTimestamp"
# Big values are built under such names and swapped in.
TEMPORARY_PREFIX = b"uplift:temporary:"
# The lease, the canary, the probes and the temporary keys of a follow. Not below TEMPORARY_PREFIX: `uplift clean` removes what is there,
# and must never remove the lease of a follow that is running.
FOLLOW_PREFIX = b"uplift:follow:"

# The ledgers and outboxes of a handover. What is in an outbox is a job: nothing removes it but the mover that gave it to the other side.
HANDOVER_PREFIX = b"uplift:handover:"

# The canaries of a split: a key map of its own has a rule for them, so that a follow carries them to the other side.
SPLIT_CANARY_PREFIX = b"uplift:split:canary:"

_PREFIXES = (TEMPORARY_PREFIX, FOLLOW_PREFIX, HANDOVER_PREFIX)


def is_own_key(key: bytes) -> bool:
    """Whether a key is ElastiCache's or Uplift's own. It equals `rule.OWN_RULES`, and is fast."""
    return key.startswith(_PREFIXES) or key == ELASTICACHE_OWN_KEY
