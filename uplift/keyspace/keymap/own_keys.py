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

# What a split writes to see it arrive on the other side. A key map with rules for such names has them followed (routing.py).
SPLIT_PREFIX = b"uplift:split:"

_PREFIXES = (TEMPORARY_PREFIX, FOLLOW_PREFIX, HANDOVER_PREFIX, SPLIT_PREFIX)


def is_own_key(key: bytes) -> bool:
    """Whether a key is ElastiCache's or Uplift's own. It equals `rule.OWN_RULES`, and is fast."""
    return key.startswith(_PREFIXES) or key == ELASTICACHE_OWN_KEY
