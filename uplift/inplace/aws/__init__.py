"""Adapters of AWS: ElastiCache, the run lock, the report bucket, executions, notifications, alarm actions. They read, write and decide nothing."""
