"""Adapters of AWS: ElastiCache, the run lock, the report bucket, executions, notifications. They read, write and decide nothing."""
