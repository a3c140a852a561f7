"""Adapters of AWS: ElastiCache, run lock, report bucket, executions, notifications, alarm actions. They read, write and decide nothing."""
