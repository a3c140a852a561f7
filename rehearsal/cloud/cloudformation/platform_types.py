"""The CloudFormation types around ElastiCache: network, IAM, storage, functions, schedules, alarms, messages."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from rehearsal.cloud.cloudformation.message_types import message_types
from rehearsal.cloud.cloudformation.resource_types import Made, Properties, Providers, ResourceType, keep, named


def table(providers: Providers) -> dict[str, ResourceType]:
    """Every type by name."""
    return _storage(providers) | _identity(providers) | _network(providers) | message_types(providers) | _compute(providers)


def _storage(p: Providers) -> dict[str, ResourceType]:
    s3, ssm, dynamodb, secrets, ecr, kms = (p.client(name) for name in ("s3", "ssm", "dynamodb", "secretsmanager", "ecr", "kms"))

    def bucket(name: str, properties: Properties) -> Made:
        bucket_name = properties.get("BucketName", name.lower())
        s3.create_bucket(Bucket=bucket_name, CreateBucketConfiguration={"LocationConstraint": p.region})
        if "BucketEncryption" in properties:
            rules = [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
            s3.put_bucket_encryption(Bucket=bucket_name, ServerSideEncryptionConfiguration={"Rules": rules})
        return bucket_name, {
            "Arn": f"arn:{p.partition}:s3:::{bucket_name}",
            "RegionalDomainName": f"{bucket_name}.s3.{p.region}.amazonaws.com",
        }

    def parameter(name: str, properties: Properties) -> Made:
        parameter_name = properties.get("Name", name)
        ssm.put_parameter(Name=parameter_name, Value=str(properties["Value"]), Type=properties["Type"], Overwrite=True)
        return parameter_name, {"Type": properties["Type"], "Value": properties["Value"]}

    def update_parameter(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        ssm.put_parameter(Name=name, Value=str(after["Value"]), Type=after["Type"], Overwrite=True)
        return {"Value": after["Value"]}

    def item_table(name: str, properties: Properties) -> Made:
        made = dynamodb.create_table(
            TableName=name,
            KeySchema=properties["KeySchema"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            BillingMode=properties["BillingMode"],
        )
        return name, {"Arn": made["TableDescription"]["TableArn"]}

    def secret(name: str, properties: Properties) -> Made:
        wanted = properties["GenerateSecretString"]
        letters = string.ascii_letters + string.digits + ("" if wanted.get("ExcludePunctuation") else "!&#$^<>-")
        value = "".join(random.choices(letters, k=int(wanted.get("PasswordLength", 32))))
        made = secrets.create_secret(Name=name, SecretString=value)
        return made["ARN"], {"Id": made["ARN"]}

    def repository(_name: str, properties: Properties) -> Made:
        made = ecr.create_repository(repositoryName=properties["RepositoryName"])
        return properties["RepositoryName"], {"Arn": made["repository"]["repositoryArn"]}

    def key(_name: str, properties: Properties) -> Made:
        made = kms.create_key(Policy=json.dumps(properties["KeyPolicy"]))["KeyMetadata"]
        return made["KeyId"], {"Arn": made["Arn"]}

    return {
        "AWS::S3::Bucket": ResourceType(bucket, keep, lambda name, _: s3.delete_bucket(Bucket=name)),
        "AWS::S3::BucketPolicy": ResourceType(named, keep),
        "AWS::SSM::Parameter": ResourceType(parameter, update_parameter, lambda name, _: ssm.delete_parameter(Name=name)),
        "AWS::DynamoDB::Table": ResourceType(item_table, keep, lambda name, _: dynamodb.delete_table(TableName=name)),
        "AWS::SecretsManager::Secret": ResourceType(secret, keep, lambda name, _: secrets.delete_secret(SecretId=name)),
        "AWS::ECR::Repository": ResourceType(repository, keep, lambda name, _: ecr.delete_repository(repositoryName=name, force=True)),
        "AWS::KMS::Key": ResourceType(key, keep, lambda name, _: kms.schedule_key_deletion(KeyId=name)),
    }


def _identity(p: Providers) -> dict[str, ResourceType]:
    iam = p.client("iam")

    def put_policies(role: str, properties: Properties) -> None:
        for policy in properties.get("Policies", []):
            iam.put_role_policy(RoleName=role, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"]))

    def role(name: str, properties: Properties) -> Made:
        role_name = properties.get("RoleName", name)[:64]
        made = iam.create_role(
            RoleName=role_name,
            Path=properties.get("Path", "/"),
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
        )["Role"]
        put_policies(role_name, properties)
        return role_name, {"Arn": made["Arn"], "RoleId": made["RoleId"]}

    def update_role(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        put_policies(name, after)
        return {}

    def delete_role(name: str, _properties: Properties) -> None:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)

    def policy(name: str, properties: Properties) -> Made:
        update_policy(name, {}, properties)
        return properties["PolicyName"], {}

    def update_policy(_name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        for role_name in after.get("Roles", []):
            iam.put_role_policy(RoleName=role_name, PolicyName=after["PolicyName"], PolicyDocument=json.dumps(after["PolicyDocument"]))
        return {}

    def delete_policy(_name: str, properties: Properties) -> None:
        for role_name in properties.get("Roles", []):
            iam.delete_role_policy(RoleName=role_name, PolicyName=properties["PolicyName"])

    def provider(_name: str, properties: Properties) -> Made:
        made = iam.create_open_id_connect_provider(
            Url=properties["Url"], ClientIDList=properties["ClientIdList"], ThumbprintList=properties.get("ThumbprintList", [])
        )
        return made["OpenIDConnectProviderArn"], {"Arn": made["OpenIDConnectProviderArn"]}

    def managed_policy(name: str, properties: Properties) -> Made:
        document = json.dumps(properties["PolicyDocument"])
        arn = iam.create_policy(
            PolicyName=properties.get("ManagedPolicyName", name), Path=properties.get("Path", "/"), PolicyDocument=document
        )["Policy"]["Arn"]
        return arn, {"PolicyArn": arn}

    return {
        "AWS::IAM::ManagedPolicy": ResourceType(managed_policy, keep, lambda arn, _: iam.delete_policy(PolicyArn=arn)),
        "AWS::IAM::OIDCProvider": ResourceType(provider, keep),
        "AWS::IAM::Role": ResourceType(role, update_role, delete_role),
        "AWS::IAM::Policy": ResourceType(policy, update_policy, delete_policy),
    }


def _network(p: Providers) -> dict[str, ResourceType]:
    ec2 = p.client("ec2")

    def security_group(name: str, properties: Properties) -> Made:
        made = ec2.create_security_group(GroupName=name, Description=properties["GroupDescription"], VpcId=properties["VpcId"])
        for rule in properties.get("SecurityGroupIngress", []):
            ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[_permission(rule, "SourceSecurityGroupId")])
        return made["GroupId"], {"GroupId": made["GroupId"]}

    def ingress(name: str, properties: Properties) -> Made:
        permission = _permission(properties, "SourceSecurityGroupId")
        ec2.authorize_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])
        return name, {"Id": name}

    def remove_ingress(_name: str, properties: Properties) -> None:
        permission = _permission(properties, "SourceSecurityGroupId")
        ec2.revoke_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])

    def egress(name: str, properties: Properties) -> Made:
        permission = _permission(properties, "DestinationSecurityGroupId")
        ec2.authorize_security_group_egress(GroupId=properties["GroupId"], IpPermissions=[permission])
        return name, {"Id": name}

    return {
        "AWS::EC2::SecurityGroup": ResourceType(security_group, None, lambda name, _: ec2.delete_security_group(GroupId=name)),
        "AWS::EC2::SecurityGroupIngress": ResourceType(ingress, None, remove_ingress),
        "AWS::EC2::SecurityGroupEgress": ResourceType(egress, None),
    }


def _permission(rule: Properties, peer: str) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": rule["IpProtocol"], "FromPort": int(rule["FromPort"]), "ToPort": int(rule["ToPort"])}
    if peer in rule:
        permission["UserIdGroupPairs"] = [{"GroupId": rule[peer]}]
    if "DestinationPrefixListId" in rule:
        permission["PrefixListIds"] = [{"PrefixListId": rule["DestinationPrefixListId"]}]
    return permission


def _compute(p: Providers) -> dict[str, ResourceType]:
    functions, states, scheduler = (p.client(name) for name in ("lambda", "stepfunctions", "scheduler"))

    def function(name: str, properties: Properties) -> Made:
        made = functions.create_function(
            FunctionName=name,
            Runtime=properties["Runtime"],
            Role=properties["Role"],
            Handler=properties["Handler"],
            Code=properties["Code"],
            Timeout=int(properties["Timeout"]),
            MemorySize=int(properties["MemorySize"]),
            Environment=properties.get("Environment", {}),
        )
        return name, {"Arn": made["FunctionArn"]}

    def update_function(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        functions.update_function_code(FunctionName=name, S3Bucket=after["Code"]["S3Bucket"], S3Key=after["Code"]["S3Key"])
        functions.update_function_configuration(FunctionName=name, Environment=after.get("Environment", {}), Timeout=int(after["Timeout"]))
        return {}

    def machine(name: str, properties: Properties) -> Made:
        made = states.create_state_machine(name=name, definition=properties["DefinitionString"], roleArn=properties["RoleArn"])
        return made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": name}

    def update_machine(arn: str, _before: Properties, after: Properties) -> dict[str, Any]:
        states.update_state_machine(stateMachineArn=arn, definition=after["DefinitionString"], roleArn=after["RoleArn"])
        return {}

    def schedule_group(name: str, properties: Properties) -> Made:
        made = scheduler.create_schedule_group(Name=properties.get("Name", name)[:64])
        return properties.get("Name", name)[:64], {"Arn": made["ScheduleGroupArn"]}

    def schedule(name: str, properties: Properties) -> Made:
        scheduler.create_schedule(Name=name, **properties)
        return name, {"Arn": p.arn("scheduler", f"schedule/{properties.get('GroupName', 'default')}/{name}")}

    def update_schedule(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        scheduler.update_schedule(Name=name, **after)
        return {}

    return {
        "AWS::Lambda::Function": ResourceType(function, update_function, lambda name, _: functions.delete_function(FunctionName=name)),
        "AWS::StepFunctions::StateMachine": ResourceType(
            machine, update_machine, lambda arn, _: states.delete_state_machine(stateMachineArn=arn)
        ),
        "AWS::Scheduler::ScheduleGroup": ResourceType(schedule_group, keep, lambda name, _: scheduler.delete_schedule_group(Name=name)),
        "AWS::Scheduler::Schedule": ResourceType(
            schedule,
            update_schedule,
            lambda name, properties: scheduler.delete_schedule(Name=name, GroupName=properties.get("GroupName", "default")),
        ),
    }
