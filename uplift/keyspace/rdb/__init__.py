"""Redis' serialised form: what DUMP answers and what RDB files hold. Format: redis/redis src/rdb.c, src/rdb.h."""
