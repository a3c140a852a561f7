"""What a server or an RDB file holds, by pattern: `inventory.live_inventory` and `inventory.rdb_inventory` are for outside."""
