"""Redis and Valkey as ElastiCache offers them: versions, parameters, node types, support dates."""
