"""The in-place upgrade of legacy: pure decisions, an ElastiCache adapter, two Lambda handlers."""
