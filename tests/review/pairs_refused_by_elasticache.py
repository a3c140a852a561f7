"""What ElastiCache itself refuses of a group, its users and its parameters."""

from __future__ import annotations

from tests.review.edits import PARAMETERS, both, family, parameters, put
from tests.review.refusal_rows import TO_7, Refused, logs, named

ELASTICACHE = [
    Refused(
        "TLS off to on in one step",
        put(TransitEncryptionEnabled=True),
        "TLS switched on in one step",
        base=both(TO_7, put(TransitEncryptionEnabled=False, AuthToken=None)),
    ),
    Refused("TLS on to off in one step", put(TransitEncryptionEnabled=False, AuthToken=None), "TLS switched off in one step", base=TO_7),
    Refused("users beside a token", put(UserGroupIds=["people"]), "users beside an AUTH token", base=TO_7),
    Refused("users below 6", put(UserGroupIds=["people"]), "Redis 6.0 and newer"),
    Refused(
        "users without TLS",
        put(UserGroupIds=["people"]),
        "users without TLS",
        base=both(TO_7, put(TransitEncryptionEnabled=False, AuthToken=None)),
    ),
    Refused(
        "a slow log of 5.0.6",
        logs("slow-log"),
        "from Redis 6.0 on",
    ),
    Refused(
        "an engine log of 6.0",
        logs("engine-log"),
        "from Redis 6.2 on",
        base=both(put(EngineVersion="6.0"), family("redis6.x")),
    ),
    Refused("cluster mode of 5.0.6", put(ClusterMode="compatible"), "Redis 7.0 and newer"),
    Refused("cluster mode in one step", put(ClusterMode="enabled"), "has to be compatible first", base=TO_7),
    Refused("a word of cluster mode there is not", put(ClusterMode="on"), "compatible, disabled, enabled", base=TO_7),
    Refused("shards without cluster mode", put(NumNodeGroups=2, CacheParameterGroupName="default.redis5.0"), "cluster-enabled: yes"),
    Refused("another engine's mode", put(CacheParameterGroupName="default.redis5.0.cluster.on"), "cluster-enabled: no → yes"),
    Refused("data tiering on other nodes", put(DataTieringEnabled=True), "only r6gd nodes", base=TO_7),
    Refused("IPv6 of 5.0.6", put(IpDiscovery="ipv6"), "Redis 6.2 and newer"),
    Refused("a node type there is not", put(CacheNodeType="cache.r9.large"), "no such node type"),
    Refused("a size there is not", put(CacheNodeType="cache.r5.huge"), "no such node type"),
    Refused("memcached", put(Engine="memcached", EngineVersion="1.6.22"), "runs redis or valkey"),
    Refused("an engine there is not", put(Engine="keydb"), "allowed: redis, valkey"),
    Refused("a family there is not", put(PARAMETERS, CacheParameterGroupFamily="redis5"), "no such family"),
    Refused("a family of another engine", put(CacheParameterGroupName="default.memcached1.6"), "which no engine of ours has"),
    Refused("a window of half an hour", put(SnapshotWindow="03:00-03:30"), "lasts 30 minutes"),
    Refused(
        "a parameter Valkey 8 has not",
        parameters(lazyfree_lazy_expire="yes"),
        "does not exist in family valkey8",
        base=both(put(Engine="valkey", EngineVersion="8.2"), family("valkey8")),
    ),
    Refused(
        "users without the default one",
        both(
            named("U", "AWS::ElastiCache::User", Engine="redis", UserId="app", UserName="app", AccessString="on", NoPasswordRequired=True),
            named("G", "AWS::ElastiCache::UserGroup", Engine="redis", UserGroupId="g", UserIds=[{"Ref": "U"}]),
        ),
        "no user named default",
        "G",
    ),
]
