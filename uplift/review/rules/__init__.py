"""What a change does to everything that is not a replication group: a file of rules for each subject."""
