"""The stack of one new replication group. Stateful: termination protection, and nothing disposable in it."""

from __future__ import annotations

from aws_cdk import Environment, IStackSynthesizer, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.groups.alarms import GroupAlarms
from stacks.groups.dns_names import DnsNames
from stacks.groups.events_topic import EventsTopic
from stacks.groups.replication_group import PORT, ReplicationGroup
from stacks.iam.application_policy import ApplicationPolicy
from stacks.iam.rotate_role import RotateRole
from stacks.shared.group_facts import GroupFactNames
from stacks.shared.notification_topic import PeopleTopic
from stacks.shared.runbooks import Runbooks
from uplift.settings.environment import EnvironmentSettings, GroupName


class GroupStack(Stack):
    """A stack of its own for each group, so that a failed update of one never rolls back the other's engine."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        name: GroupName,
        settings: EnvironmentSettings,
        env: Environment,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            synthesizer=synthesizer,
            termination_protection=True,
            description=f"Uplift: the {name} Redis of {environment}",
        )
        group = settings.groups[name]
        events = EventsTopic(self, "ElastiCacheEvents", receivers=settings.upgrade.receivers)
        people = PeopleTopic(self, "People", receivers=settings.upgrade.receivers)
        redis = ReplicationGroup(
            self,
            "Redis",
            description=f"vets-api {name} {environment}",
            group=group,
            network=settings.network,
            events_topic_arn=events.topic_arn,
        )
        # ElastiCache looks at the topic's policy when it is told the topic, and calls one without it inactive.
        redis.group.node.add_dependency(events)
        GroupAlarms(
            self, "Alarms", replication_group=redis, group=group, topics=people.topics, runbooks=Runbooks(settings.upgrade.runbooks_url)
        )
        names = GroupFactNames(environment, name)
        policy = ApplicationPolicy(self, "Application", names=names, secret=redis.secret, role_path=settings.role_path)
        if settings.pipeline is not None:
            RotateRole(
                self,
                "Rotate",
                names=names,
                group_id=redis.group.ref,
                secret=redis.secret,
                pipeline=settings.pipeline,
                role_path=settings.role_path,
            )
        facts = self._facts(names, redis, policy, people, events)
        if settings.network.dns_zone is not None:
            dns = DnsNames(self, "Dns", zone=settings.network.dns_zone, name=name, redis=redis)
            facts |= {names.dns_name: dns.primary, names.reader_dns_name: dns.reader}
        for fact, value in facts.items():
            construct_id = "Fact" + "".join(part.title() for part in fact.rsplit("/", 1)[-1].split("-"))
            ssm.StringParameter(self, construct_id, parameter_name=fact, string_value=value)

    def _facts(
        self, names: GroupFactNames, redis: ReplicationGroup, policy: ApplicationPolicy, people: PeopleTopic, events: EventsTopic
    ) -> dict[str, str]:
        return {
            names.primary_endpoint: redis.group.attr_primary_end_point_address,
            names.reader_endpoint: redis.group.attr_reader_end_point_address,
            names.port: str(PORT),
            names.secret_arn: redis.secret.secret_arn,
            names.group_id: redis.group.ref,
            names.application_policy_arn: policy.policy.managed_policy_arn,
            names.people_topic_arn: people.topic.topic_arn,
            names.events_topic_arn: events.topic_arn,
            names.security_group_id: redis.security_group.security_group_id,
        }
