"""Where a replication group is not what its template says: decided on values, read elsewhere.

CloudFormation's drift detection reads none of these back (they are write-only in the registry schema), and a deploy compares
templates only: a value that was changed past the template stays wrong unnoticed until a later deploy sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from uplift.deploy.real_group import RealGroup
from uplift.engines.catalogue import Engine, find_reported_version
from uplift.review.group.view import GroupView
from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened
from uplift.settings.legacy import LegacySettings

# A token is set after its secret was drawn, by CloudFormation and by rotate-token alike; this is for two clocks.
_CLOCKS_MAY_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Drift:
    """One value that differs. `template` is what is written, `real` what AWS has."""

    stack: str
    resource: str
    name: str
    template: str
    real: str
    action: str

    def __str__(self) -> str:
        return f"{self.stack} / {self.resource}: {self.name}: the template says {self.template}, ElastiCache has {self.real}; {self.action}"


@dataclass(frozen=True, slots=True)
class Written:
    """A group as a template writes it, with the physical ids its references stand for."""

    stack: str
    view: GroupView
    physical_ids: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """One property with its reference followed; None where it is not set, or refers to what is not deployed yet."""
        return self._followed(self.view.resource.property(name))

    def texts(self, name: str) -> frozenset[str] | None:
        """A list of such values; None where one of them is not known yet."""
        values = self.view.resource.property(name)
        if not isinstance(values, list):
            return None
        followed = [self._followed(value) for value in values]
        return frozenset(text for text in followed if text is not None) if None not in followed else None

    def _followed(self, value: Value) -> str | None:
        if value is None:
            return None
        if isinstance(value, dict):
            logical_id = value.get("Ref") or (value.get("Fn::GetAtt") or [None])[0]
            return self.physical_ids.get(str(logical_id)) or None
        return flattened(value)


def drifts(deployed: Written, planned: Written | None, real: RealGroup | None) -> Iterator[Drift]:
    """Every value that is neither what is deployed nor what is about to be. `planned` None: nothing is about to be deployed."""
    resource = deployed.view.resource.logical_id
    if real is None:
        yield Drift(
            deployed.stack, resource, "the group", "it exists", "no such group", "find out who deleted it before anything is deployed"
        )
        return
    wanted = {one.name: one for one in _differences(planned, real)} if planned is not None else None
    for one in _differences(deployed, real):
        # What the next deploy brings the template to is how the template is mended.
        if wanted is None or one.name in wanted:
            yield one


def _differences(written: Written, real: RealGroup) -> Iterator[Drift]:
    view = written.view
    if view.version is not None and not all(view.version.is_reported_as(version) for version in real.versions):
        yield _drift(
            written,
            "EngineVersion",
            str(view.version),
            _versions(view, real),
            "write the real version, and its family, into config/: a deploy would ask for a downgrade",
        )
    for name, wanted, has in (
        ("CacheParameterGroupName", written.text("CacheParameterGroupName"), real.parameter_groups),
        ("PreferredMaintenanceWindow", written.text("PreferredMaintenanceWindow"), real.maintenance_windows),
        ("NotificationTopicArn", written.text("NotificationTopicArn"), real.topics),
        ("CacheNodeType", view.node_type or None, real.node_types),
        ("SnapshotWindow", written.text("SnapshotWindow"), frozenset([real.snapshot_window])),
    ):
        if wanted is not None and has != {wanted}:
            yield _drift(written, name, wanted, _listed(has))
    security_groups = written.texts("SecurityGroupIds")
    if security_groups is not None and security_groups != real.security_groups:
        yield _drift(written, "SecurityGroupIds", _listed(security_groups), _listed(real.security_groups))
    for name, says, is_so in (
        ("SnapshotRetentionLimit", written.text("SnapshotRetentionLimit") or "0", str(real.snapshot_days)),
        ("NumCacheClusters", str(view.nodes), str(real.nodes)),
        ("AutomaticFailoverEnabled", _yes_no(view.failover), _yes_no(real.failover)),
        ("MultiAZEnabled", _yes_no(view.multi_az), _yes_no(real.multi_az)),
    ):
        if says != is_so:
            yield _drift(written, name, says, is_so)


def token_drift(written: Written, real: RealGroup, secret_drawn_at: datetime | None) -> Iterator[Drift]:
    """A secret that was changed after the group's token: the template refers to it by the same text, so no deploy ever sends it."""
    if secret_drawn_at is None or real.token_set_at is None:
        return
    if secret_drawn_at > real.token_set_at + _CLOCKS_MAY_DIFFER:
        yield _drift(
            written,
            "AuthToken",
            f"the secret drawn {secret_drawn_at:%Y-%m-%d %H:%M}",
            f"a token set {real.token_set_at:%Y-%m-%d %H:%M}",
            "clients that read the secret are refused: run `uplift rotate-token`",
        )


def legacy_drift(
    legacy: LegacySettings, reported: frozenset[str], parameter_groups: frozenset[str], config: str, *, own: str | None = None
) -> Iterator[Drift]:
    """A settings file left behind after legacy was upgraded.

    The parameter group is compared where one is written down, but for `own`, which our upgrade stack makes: legacy uses it from an upgrade
    on, and a deploy must be able to change it as long as the stack is there.
    """
    versions = {found.requested if (found := find_reported_version(Engine.REDIS, one)) else one for one in reported}
    if versions and versions != {legacy.engine_version}:
        yield Drift(config, "legacy", "engine_version", legacy.engine_version, _listed(versions), "write the real version into that file")
    written = legacy.parameter_group
    others = parameter_groups - {own}
    if written is not None and others and others != {written}:
        action = "write the real one into that file, then deploy the pipeline's rights again: they deny its changes by this name"
        yield Drift(config, "legacy", "parameter_group", written, _listed(parameter_groups), action)


def _versions(view: GroupView, real: RealGroup) -> str:
    known = {
        str(found) if (found := find_reported_version(view.engine, version)) else f"{view.engine} {version}" for version in real.versions
    }
    return _listed(known)


def _drift(written: Written, name: str, template: str, real: str, action: str = "") -> Drift:
    action = action or "write it into config/, or put it back"
    return Drift(written.stack, written.view.resource.logical_id, name, template, real, action)


def _listed(values: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(value or "(none)" for value in values)) or "(none)"


def _yes_no(value: bool) -> str:
    return "true" if value else "false"
