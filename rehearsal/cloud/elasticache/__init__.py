"""The local ElastiCache over real redis-server processes: `service.ElastiCache` and `responses` are for the server beside it."""
