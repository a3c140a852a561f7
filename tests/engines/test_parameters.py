import pytest

from uplift.engines.parameters import parameter_family


@pytest.mark.parametrize(
    ("family", "name", "value", "problem"),
    [
        ("redis5.0", "maxmemory-policy", "noeviction", None),
        ("redis5.0", "maxmemory-policy", "volatile-lfu", None),
        ("redis3.2", "maxmemory-policy", "volatile-lfu", "allowed: volatile-lru"),
        ("redis5.0", "timeout", "0", None),
        ("redis5.0", "timeout", "20", None),
        ("redis5.0", "timeout", "19", "allowed: 0 or 20 or more"),
        ("redis5.0", "timeout", "-1", "allowed: 0 or 20 or more"),
        ("redis5.0", "slowlog-log-slower-than", "-1", None),
        ("redis5.0", "slowlog-log-slower-than", "-2", "is '-2', allowed: -1 or more"),
        ("redis5.0", "slowlog-log-slower-than", "-", "allowed: -1 or more"),
        ("redis5.0", "slowlog-max-len", "-0", "allowed: 0 or more"),
        ("valkey9", "commandlog-request-larger-than", "-1", None),
        ("valkey9", "nonsense", "1", "does not exist in family valkey9"),
        ("redis5.0", "list-compress-depth", "1", None),
        ("redis5.0", "active-defrag-ignore-bytes", "1048576", None),
        ("redis5.0", "active-defrag-ignore-bytes", "1048575", "allowed: 1048576 or more"),
        ("redis5.0", "maxmemory", "100", "fixed by ElastiCache"),
        ("redis5.0", "close-on-slave-write", "yes", "does not exist in family redis5.0"),
        ("redis3.2", "close-on-slave-write", "yes", None),
        ("redis6.x", "lua-replicate-commands", "yes", "does not exist in family redis6.x"),
        ("redis6.x", "databases", "10001", "allowed: 1 to 10000"),
        ("redis6.x", "active-expire-effort", "11", "allowed: 1 to 10"),
        ("redis7", "hash-max-ziplist-entries", "512", "does not exist in family redis7"),
        ("redis7", "hash-max-listpack-entries", "512", None),
        ("valkey8", "lazyfree-lazy-expire", "yes", "does not exist in family valkey8"),
        ("valkey8", "search-anything", "1", None),
        ("valkey9", "cluster-databases", "4", None),
        ("redis5.0", "reserved-memory-percent", "101", "allowed: 0 to 100"),
        ("redis5.0", "notify-keyspace-events", "AKE", None),
        ("redis5.0", "notify-keyspace-events", "", None),
        ("redis5.0", "notify-keyspace-events", "A", "it needs K or E"),
        ("redis5.0", "notify-keyspace-events", "K", "it needs one of g"),
        ("redis5.0", "notify-keyspace-events", "KQ", "no letter Q"),
    ],
)
def test_values_of_a_family(family: str, name: str, value: str, problem: str | None) -> None:
    problems = dict(parameter_family(family).problems_with({name: value}))
    if problem is None:
        assert problems == {}
    else:
        assert problem in problems[name]


@pytest.mark.parametrize(
    ("old", "new"),
    [("min-slaves-max-lag", "min-replicas-max-lag"), ("timeout", "timeout"), ("repl-timeout", None)],
)
def test_names_that_changed_in_5_0(old: str, new: str | None) -> None:
    assert parameter_family("redis5.0").name_coming_from(old) == new


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("redis5.0", "active-defrag-max-scan-fields"),
        ("redis3.2", "client-output-buffer-limit-slave-hard-limit"),
        *(
            (family, name)
            for family in ("redis3.2", "redis4.0", "redis5.0", "redis6.x", "redis7", "valkey7", "valkey8", "valkey9")
            for name in ("cluster-require-full-coverage", "hll-sparse-max-bytes")
        ),
    ],
)
def test_nobody_is_told_that_what_elasticache_has_does_not_exist(family: str, name: str) -> None:
    assert list(parameter_family(family).problems_with({name: "1"})) == [
        (name, f"is a parameter of family {family} that Uplift does not set")
    ]
