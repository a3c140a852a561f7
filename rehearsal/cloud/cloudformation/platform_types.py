"""The CloudFormation types around ElastiCache: storage, functions and schedules here, the rest in files of its own."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from rehearsal.cloud.cloudformation.identity_types import identity_types
from rehearsal.cloud.cloudformation.message_types import message_types
from rehearsal.cloud.cloudformation.network_types import network_types
from rehearsal.cloud.cloudformation.resource_types import Made, Properties, Providers, ResourceType, keep, named


def table(providers: Providers) -> dict[str, ResourceType]:
    """Every type by name."""
    return _storage(providers) | _compute(providers) | identity_types(providers) | network_types(providers) | message_types(providers)


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
