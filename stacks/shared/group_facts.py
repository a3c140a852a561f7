"""Where facts about a group are published: names of SSM parameters. Facts only, never a token."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.settings.environment import GroupName


@dataclass(frozen=True, slots=True)
class GroupFactNames:
    """The parameter names of one group in one environment. The application and the upgrade stack read these."""

    environment: str
    group: GroupName

    @property
    def primary_endpoint(self) -> str:
        """Host name of the primary."""
        return self._name("primary-endpoint")

    @property
    def reader_endpoint(self) -> str:
        """Host name that answers with a replica."""
        return self._name("reader-endpoint")

    @property
    def dns_name(self) -> str:
        """Name of the primary in the environment's own zone, where it has one."""
        return self._name("dns-name")

    @property
    def reader_dns_name(self) -> str:
        """Name of the replicas in that zone."""
        return self._name("reader-dns-name")

    @property
    def port(self) -> str:
        """TCP port of both endpoints."""
        return self._name("port")

    @property
    def secret_arn(self) -> str:
        """ARN of the secret that holds the AUTH token."""
        return self._name("secret-arn")

    @property
    def group_id(self) -> str:
        """The replication group's id."""
        return self._name("group-id")

    @property
    def security_group_id(self) -> str:
        """Security group of the nodes."""
        return self._name("security-group-id")

    @property
    def people_topic_arn(self) -> str:
        """The topic of the group's alarms."""
        return self._name("people-topic-arn")

    @property
    def events_topic_arn(self) -> str:
        """The topic of ElastiCache's own events."""
        return self._name("events-topic-arn")

    @property
    def application_policy_arn(self) -> str:
        """The managed policy to attach to the application's roles."""
        return self._name("application-policy-arn")

    @property
    def folder(self) -> str:
        """What all these names begin with, without a slash at the end."""
        return f"/uplift/{self.environment}/{self.group}"

    def _name(self, fact: str) -> str:
        return f"{self.folder}/{fact}"
