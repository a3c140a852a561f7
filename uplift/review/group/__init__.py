"""What a change does to a replication group: `rules.group_findings` is for outside, the rest is its parts."""
