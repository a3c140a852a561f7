"""Every environment of config/, and variants of prod in which each switch of the settings is on and off.

Eight variants hold every pair of switches in all four positions: a switch is on in the first variant and in three of the other seven, no
two switches in the same three (Kleitman and Spencer, "Families of k-independent sets"). So what two switches do to each other is seen too.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml

import app
import pipeline
from stacks.shared.bundle import Bundle
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import environment_names, load_settings
from uplift.settings.pipeline_names import PipelineNames

Content = dict[str, Any]
Template = dict[str, Any]
_VARIANTS = 8
_TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:333333333333:pager"
_BOUNDARY = "arn:aws-us-gov:iam::333333333333:policy/theirs"
_SECRET = "arn:aws-us-gov:secretsmanager:us-gov-west-1:333333333333:secret:legacy-AbCdEf"
_PROVIDER = "arn:aws-us-gov:iam::333333333333:oidc-provider/token.actions.githubusercontent.com"
# What prod's plan demands, also where legacy is a single node.
_ACKNOWLEDGED = ["no-engine-rollback", "manager-must-change-a-line", "outage-for-the-whole-upgrade"]
_OPERATORS = "arn:aws-us-gov:iam::333333333333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Uplift_*"


@dataclass(frozen=True, slots=True)
class Switch:
    """Fields, by dotted paths, as they are on and as they are off; None leaves a field out."""

    name: str
    on: Mapping[str, Any]
    off: Mapping[str, Any]


SWITCHES = (
    Switch(
        "failover",
        {f"{group}.{field}": value for group in ("app_cache", "sidekiq") for field, value in (("multi_az", True), ("replicas", 1))},
        {f"{group}.{field}": value for group in ("app_cache", "sidekiq") for field, value in (("multi_az", False), ("replicas", 0))},
    ),
    Switch(
        "endpoints",
        {
            "network.create_vpc_endpoints": True,
            "network.route_table_ids": ["rtb-0bad0bad0bad000a1"],
            "network.endpoint_security_group_id": None,
        },
        {"network.create_vpc_endpoints": False, "network.endpoint_security_group_id": "sg-0bad0bad0bad000a4"},
    ),
    Switch("dns", {"network.dns_zone": {"id": "Z0123456789ABCDEFGHIJ", "name": "redis.internal"}}, {"network.dns_zone": None}),
    Switch(
        "token",
        {"legacy.engine_version": "3.2.6", "legacy.transit_encryption": True, "legacy.auth_secret_arn": _SECRET},
        {"legacy.engine_version": "3.2.4", "legacy.transit_encryption": False, "legacy.auth_secret_arn": None},
    ),
    Switch("standalone", {"legacy.kind": "standalone-cluster"}, {"legacy.kind": "replication-group"}),
    Switch("parameter group", {"legacy.parameter_group": "vets-api-redis3"}, {"legacy.parameter_group": None}),
    Switch("muting", {"legacy.alarms_to_mute": ["legacy-connections"]}, {"legacy.alarms_to_mute": []}),
    Switch(
        "schedule",
        {
            "upgrade.schedule.enabled": True,
            "upgrade.approved": {"plan": "0" * 16, "by": "somebody"},
            "upgrade.acknowledged": _ACKNOWLEDGED,
            "upgrade.acknowledged_by": "somebody",
        },
        {
            "upgrade.schedule.enabled": False,
            "upgrade.schedule.expression": None,
            "upgrade.approved": None,
            "upgrade.acknowledged": None,
            "upgrade.acknowledged_by": None,
        },
    ),
    Switch("mail", {"upgrade.notify": ["on-call@example.gov"]}, {"upgrade.notify": ["https://pager.example.gov/x", _TOPIC]}),
    Switch("runbooks", {"upgrade.runbooks_url": "https://example.gov/runbooks"}, {"upgrade.runbooks_url": None}),
    Switch("own boundary", {"permissions_boundary_arn": _BOUNDARY}, {"permissions_boundary_arn": None}),
    Switch("path", {"role_path": "/project/"}, {"role_path": "/"}),
    Switch("operators", {"pipeline.operators": [_OPERATORS]}, {"pipeline.operators": []}),
    Switch("provider", {"pipeline.oidc_provider_arn": _PROVIDER}, {"pipeline.oidc_provider_arn": None}),
    Switch(
        "tags", {"tags": {"Project": "vets-api", "VAEC-Owner": "somebody"}, "required_tags": ["Project"]}, {"tags": {}, "required_tags": []}
    ),
    Switch("few clients", {"sidekiq.alarms.fewest_connections": 20}, {"sidekiq.alarms.fewest_connections": None}),
    Switch(
        "evictions",
        {"app_cache.alarms": {"evictions_in_five_minutes": 100, "memory_percent": 80}},
        {"app_cache.alarms": {}},
    ),
    Switch("a later engine", {"app_cache.engine_version": "7.1"}, {"app_cache.engine_version": "5.0.6"}),
)


def is_on(number: int, switch: int) -> bool:
    """Whether a switch is on in a variant."""
    (chosen,) = itertools.islice(itertools.combinations(range(1, _VARIANTS), 3), switch, switch + 1)
    return number == 0 or number in chosen


def _content(environment: str) -> Content:
    loaded: Content = yaml.safe_load(Path(f"config/{environment}.yaml").read_text())
    return loaded


def variant(number: int) -> EnvironmentSettings:
    """Prod with every switch as this variant has it."""
    content = copy.deepcopy(_content("prod"))
    for place, switch in enumerate(SWITCHES):
        for path, value in (switch.on if is_on(number, place) else switch.off).items():
            *parents, last = path.split(".")
            section = content
            for parent in parents:
                section = section.setdefault(parent, {})
            section.pop(last, None)
            if value is not None:
                section[last] = value
    return EnvironmentSettings.model_validate(content)


@dataclass(frozen=True, slots=True)
class Synthesised:
    """The stacks of one set of settings, and those of its pipeline."""

    names: PipelineNames
    stacks: Mapping[str, Template]
    rights: Template
    folder: Path

    @property
    def settings(self) -> EnvironmentSettings:
        return self.names.settings

    @property
    def findings(self) -> list[str]:
        """What cdk-nag found and nobody accepted, over both applications."""
        reports = [json.loads(path.read_text()) for path in self.folder.glob("*/validation-report.json")]
        assert len(reports) == 2
        return [one["ruleName"] for report in reports for plugin in report["pluginReports"] for one in plugin["violations"]]

    @property
    def paths(self) -> list[Path]:
        """Every template's file."""
        return sorted(self.folder.glob("*/*.template.json"))


Makers = Mapping[str, tuple[str, Callable[[], EnvironmentSettings]]]


def named() -> Makers:
    """Every environment and every variant, by a name for tests: the environment's name and how its settings are made."""
    environments: Makers = {name: (name, partial(load_settings, name)) for name in environment_names()}
    return {**environments, **{f"variant {number}": ("prod", partial(variant, number)) for number in range(_VARIANTS)}}


def each_way() -> list[str]:
    """Every environment, and as few variants as have each switch on and off: for what costs much to look at."""
    left = {(place, on) for place in range(len(SWITCHES)) for on in (True, False)}
    chosen: list[int] = []
    while left:
        best = max(range(_VARIANTS), key=lambda number: len(left & _positions(number)))
        chosen.append(best)
        left -= _positions(best)
    return [*environment_names(), *(f"variant {number}" for number in chosen)]


def _positions(number: int) -> set[tuple[int, bool]]:
    return {(place, is_on(number, place)) for place in range(len(SWITCHES))}


def synthesise(environment: str, settings: EnvironmentSettings, folder: Path) -> Synthesised:
    """Both applications, with something that stands for the bundle."""
    bundle = folder / "python3.12"
    bundle.mkdir()
    (bundle / "code.py").write_text("# stands for the bundle\n")
    context = json.loads(Path("cdk.json").read_text())["context"]
    names = PipelineNames(environment, settings)
    stacks, rights = (cdk.App(context=context, outdir=str(folder / name)) for name in ("stacks", "rights"))
    app.build(stacks, environment=environment, settings=settings, bundle=Bundle(bundle)).synth()
    pipeline.build(rights, environment=environment, settings=settings).synth()
    return Synthesised(names, _templates(folder / "stacks"), _templates(folder / "rights")[names.stack], folder)


def _templates(folder: Path) -> dict[str, Template]:
    suffix = ".template.json"
    return {path.name.removesuffix(suffix): json.loads(path.read_text()) for path in folder.glob(f"*{suffix}")}
