"""Settings in which every field is written, and each single value of them by its path."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Content = dict[str, Any]
Place = tuple[str | int, ...]
_ACCOUNT = "333333333333"


def whole_content() -> Content:
    """Prod in a commercial region, where a customer's key may encrypt ElastiCache, with every field."""
    text = Path("config/prod.yaml").read_text().replace("aws-us-gov", "aws").replace("us-gov-west-1", "us-east-1")
    content: Content = yaml.safe_load(text)
    key = f"arn:aws:kms:us-east-1:{_ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
    content |= {"stacks": "both", "log_retention_days": 365, "report_retention_days": 400}
    content |= {"tags": {"Project": "vets-api", "Owner": "us"}, "required_tags": ["Project", "Owner"]}
    content["network"] |= {"create_vpc_endpoints": True, "route_table_ids": ["rtb-0bad0bad0bad000a1", "rtb-0bad0bad0bad000a2"]}
    content["network"] |= {"dns_zone": {"id": "Z0123456789ABCDEFGHIJ", "name": "redis2.internal"}}
    content["legacy"] |= {
        "engine_version": "3.2.6",
        "port": 6379,
        "transit_encryption": True,
        "alarms_to_mute": ["connections-1", "memory-1"],
    }
    content["legacy"] |= {"auth_secret_arn": f"arn:aws:secretsmanager:us-east-1:{_ACCOUNT}:secret:token-AbCdE5"}
    alarms = {"cpu_percent": 90, "engine_cpu_percent": 90, "memory_percent": 80, "freeable_memory_bytes": 1, "swap_usage_bytes": 1}
    alarms |= {"connections": 100, "fewest_connections": 10, "replication_lag_seconds": 5, "evictions_in_five_minutes": 1}
    for group in ("app_cache", "sidekiq"):
        content[group] |= {"engine": "redis", "parameter_group_family": "redis5.0", "kms_key_arn": key}
        content[group]["alarms"] = alarms | {"evictions_band_width": 3}
    content["upgrade"] |= {
        "engine": "redis",
        "longest_minutes": 240,
        "observe_every_seconds": 30,
        "longest_snapshot_age_minutes": 120,
        "largest_replica_lag_seconds": 10,
        "largest_memory_percent": 75,
        "largest_key_drop_percent": 5,
        "cold_after_seconds": 3600,
        "settled_grace_seconds": 600,
        "recovery": {"node_type": "cache.r5.large", "transit_encryption": False, "at_rest_encryption": True},
        "keep_snapshot_days": 30,
        "acknowledged": ["no-engine-rollback", "manager-must-change-a-line"],
        "acknowledged_by": "Ada",
        "approved": {"plan": "0123456789abcdef", "by": "Ada"},
        "runbooks_url": "https://example.gov/runbooks2",
        "notify": ["on-call2@example.gov", "https://pager.example.gov/2", f"arn:aws:sns:us-east-1:{_ACCOUNT}:pager"],
    }
    content["pipeline"] |= {
        "oidc_provider_arn": f"arn:aws:iam::{_ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
        "bootstrap_qualifier": "upprod2",
        "operators": [f"arn:aws:iam::{_ACCOUNT}:role/on-call", f"arn:aws:iam::{_ACCOUNT}:user/ada"],
    }
    return content


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every single value with its path."""
    match value:
        case dict():
            for key, below in value.items():
                yield from leaves(below, (*place, key))
        case list():
            for number, below in enumerate(value):
                yield from leaves(below, (*place, number))
        case _:
            yield place, value


def changed(content: Content, place: Place, value: Any) -> Content:
    """A copy with another value at one place."""
    made: Any = copy.deepcopy(content)
    below = made
    for part in place[:-1]:
        below = below[part]
    below[place[-1]] = value
    return dict(made)
