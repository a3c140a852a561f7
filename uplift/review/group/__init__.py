"""What a change does to a replication group: `rules.findings_of_redis` is for outside, the rest is its parts."""
