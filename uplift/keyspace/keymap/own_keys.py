"""Keys that belong to nobody's data: never copied, deleted or counted."""

from __future__ import annotations

# ElastiCache keeps it in database 0 (stickermule/rump#15).
ELASTICACHE_OWN_KEY = b"ElastiCacheMasterReplicationTimestamp"
# Big values are built under such names and swapped in.
TEMPORARY_PREFIX = b"uplift:temporary:"
