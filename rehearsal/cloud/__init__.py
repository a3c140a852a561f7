"""A local AWS: moto's server, extended from outside, with real redis-server processes as ElastiCache's nodes.

It imports nothing of `uplift`, so that both cannot be wrong together, and cites a source for what it models.
"""
