"""The local cloud as one process: `python -m rehearsal.cloud.server OPTIONS.json`.

The options name the folder to work in, the redis-server binaries, the Lambda runtime's packages, account, region,
timing and faults. The process writes `ready.json` into the folder when it listens, and ends with its parent unless it is told to stay.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

_OPTIONS = json.loads(Path(sys.argv[1]).read_text()) if __name__ == "__main__" else {}
os.environ.setdefault("MOTO_ACCOUNT_ID", _OPTIONS.get("account", "123456789012"))
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"

import moto.backends  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

from rehearsal.cloud.cloudformation import api as cloudformation  # noqa: E402
from rehearsal.cloud.cloudformation import elasticache_types, platform_types  # noqa: E402
from rehearsal.cloud.cloudformation.resource_types import Providers, wait_until  # noqa: E402
from rehearsal.cloud.elasticache import responses as elasticache_responses  # noqa: E402
from rehearsal.cloud.elasticache.disturbances import disturb  # noqa: E402
from rehearsal.cloud.elasticache.node_factory import NodeFactory  # noqa: E402
from rehearsal.cloud.elasticache.service import ElastiCache  # noqa: E402
from rehearsal.cloud.elasticache.state import AVAILABLE  # noqa: E402
from rehearsal.cloud.faults import Faults  # noqa: E402
from rehearsal.cloud.platform import dns, identity, messages, network, secret_versions, state_machines, trail  # noqa: E402
from rehearsal.cloud.platform.alarms import Alarms  # noqa: E402
from rehearsal.cloud.platform.call_check import CallCheck  # noqa: E402
from rehearsal.cloud.platform.lambda_runtime import Answer, FunctionSpec, LambdaRuntimes  # noqa: E402
from rehearsal.cloud.platform.messages import AccountTopics  # noqa: E402
from rehearsal.cloud.platform.permissions import Call, Permissions  # noqa: E402
from rehearsal.cloud.timing import Timing  # noqa: E402


class Cloud:
    """Everything of one local cloud, joined."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.folder = Path(options["folder"])
        self.account, self.region = options["account"], options["region"]
        self.stays = bool(options.get("stays"))
        timing = Timing(**options.get("timing", {}))
        self.faults = Faults(options.get("faults", []))
        self.factory = NodeFactory({version: Path(path) for version, path in options["redis"].items()}, self.folder / "redis")
        self.topics = AccountTopics(self.account, self.region)
        self.alarms = Alarms(self.account, self.region)
        self.elasticache = ElastiCache(self.factory, timing, self.faults, self.topics)
        partition = "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        self.permissions = Permissions(partition, self.region, self.account)
        self._server = make_server("127.0.0.1", 0, self._call_check(), threaded=True, request_handler=_QuietHandler)
        self.url = f"http://localhost:{self._server.server_port}"
        environment = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        self.runtimes = LambdaRuntimes(self.folder / "lambda", Path(options["runtime_folder"]), environment)
        self.client = state_machines.server_client(self.url, self.region)
        self._credentials: dict[str, dict[str, str]] = {}
        elasticache_responses.install(self.elasticache)
        secret_versions.install()
        identity.install()
        dns.install()
        trail.install()
        messages.install(self.faults)
        providers = Providers(self.url, self.region, self.account, [platform_types.table, elasticache_types.table])
        cloudformation.install(cloudformation.CloudFormation(providers))
        state_machines.install(self.run_function, self.permissions, timing.wait_scale)

    def _call_check(self) -> CallCheck:
        inner = DomainDispatcherApplication(create_backend_app)
        return CallCheck(inner, self.permissions, self.faults, self.folder / "calls.jsonl", self._kill_control, self.control)

    def _kill_control(self) -> None:
        self.runtimes.kill_busy("Control")

    def run_function(self, function_arn: str, payload: bytes) -> Answer:
        """Invoke one deployed function with the credentials of its own role."""
        step = json.loads(payload).get("step", "")
        if self.faults.strikes_once(f"die-before-{step}"):
            return _died()
        answer = self._invoke(function_arn, payload)
        while self.faults.is_on(f"hold-{step}"):
            time.sleep(0.02)
        return _died() if self.faults.strikes_once(f"die-in-{step}") else answer

    def _invoke(self, function_arn: str, payload: bytes) -> Answer:
        backend: Any = moto.backends.get_backend("lambda")[self.account][self.region]
        function = backend.get_function(function_arn)
        spec = FunctionSpec(
            name=function.function_name,
            arn=function.function_arn,
            code_id=function.code_sha_256.replace("/", "_").replace("+", "-").rstrip("="),
            handler=function.handler,
            timeout_seconds=int(function.timeout),
            memory_mib=int(function.memory_size),
            environment=dict(function.environment_vars),
            clock_ahead_seconds=7200 if self.faults.is_on("clock-wrong") else 0,
        )
        return self.runtimes.invoke(spec, function.code_bytes, self._credentials_of(function.role), payload)

    def _credentials_of(self, role_arn: str) -> dict[str, str]:
        if role_arn not in self._credentials:
            given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="function")["Credentials"]
            self.permissions.know(given["AccessKeyId"], role_arn)
            self._credentials[role_arn] = {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        return self._credentials[role_arn]

    def _about_roles(self, command: str, request: dict[str, Any]) -> Any:
        if command == "may":
            call = Call(request["service"], request["action"], request["params"])
            return self.permissions.missing(request["role"], call) or ""
        (arn,) = [role["Arn"] for role in self.client("iam").list_roles()["Roles"] if request["role"] in role["RoleName"]]
        return self._credentials_of(arn)

    def _about_people(self, command: str, request: dict[str, Any]) -> dict[str, Any]:
        """Who was told what: messages with those who got them, and alarms that would have rung; since it was last forgotten."""
        match command:
            case "told":
                return {"messages": self.topics.delivered(), "alarms": self.alarms.ringing()}
            case "node-event":
                self.elasticache.state.notify(request["id"], request["event"])
            case "forget-told":
                self.topics.forget()
                self.alarms.forget()
        return {}

    def _trouble(self, command: str, request: dict[str, Any]) -> dict[str, Any]:
        if command == "faults":
            self.faults.set(request["names"])
        else:
            disturb(self.elasticache.state, request.pop("id"), request)
        return {}

    def control(self, command: str, request: dict[str, Any]) -> Any:
        """What the rehearsal asks of this cloud beyond AWS's own API."""
        match command:
            case "seed-network":
                self._seed(request)
                return {}
            case "create-legacy":
                return self._create_legacy(request)
            case "delete-legacy":
                self.elasticache.forget(request["id"])
                return {}
            case "fire-schedule":
                return state_machines.fire_schedule(self.client, self.permissions, request["prefix"])
            case "servers":
                return [
                    {"id": node.id, "port": node.server.port, "version": node.server.version, "status": node.status}
                    for node in self.elasticache.state.nodes()
                ]
            case "may" | "credentials":
                return self._about_roles(command, request)
            case "idle":
                return {"idle": self.elasticache.state.is_settled(request["id"]) and not self.runtimes.busy}
            case "told" | "forget-told" | "node-event":
                return self._about_people(command, request)
            case "faults" | "disturb":
                return self._trouble(command, request)
            case _:
                return {"error": f"no such command: {command}"}

    def _seed(self, request: dict[str, Any]) -> None:
        network.seed(self.client("ec2"), request)
        if request.get("dns_zone"):
            vpc = {"VPCRegion": self.region, "VPCId": request["vpc"]}
            dns.seed_zone(self.client("route53"), self.account, request["dns_zone"], vpc)
        if request.get("permissions_boundary"):
            identity.seed_boundary(self.client("iam"), request["permissions_boundary"])

    def _create_legacy(self, request: dict[str, Any]) -> dict[str, Any]:
        rdb = Path(request["rdb"]) if request.get("rdb") else None
        if request["standalone"]:
            node = self.elasticache.create_standalone(request["id"], request["version"], request["node_type"], rdb)
            return {"host": node.endpoint.host, "port": node.endpoint.port}
        group = self.elasticache.create_group(
            {
                "ReplicationGroupId": request["id"],
                "EngineVersion": request["version"],
                "CacheNodeType": request["node_type"],
                "NumCacheClusters": request["nodes"],
                "AutomaticFailoverEnabled": request["nodes"] > 1,
                "MultiAZEnabled": request["nodes"] > 1,
                **request.get("windows", {}),
                "_Rdb": rdb,
            },
            by_amazon_in_the_past=True,
        )
        wait_until(lambda: group.status == AVAILABLE, "legacy available")
        return {"host": group.primary_endpoint.host, "port": group.primary_endpoint.port}

    def serve(self) -> None:
        """Listen until told to stop, then stop every process this cloud started."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        ready = {"url": self.url, "ca_file": str(self.factory.authority_file), "pid": os.getpid()}
        (self.folder / "ready.json").write_text(json.dumps(ready))
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        parent = os.getppid()
        while not stop.wait(0.5) and (self.stays or os.getppid() == parent):
            pass
        self.runtimes.stop_all()
        self.factory.stop_all()


def _died() -> Answer:
    """What Lambda answers when the process of a function ends in the middle of a call."""
    message = {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: unknown Error: Runtime exited with error: signal: killed"}
    return Answer(json.dumps(message).encode(), error=True)


class _QuietHandler(MotoRequestHandler):
    def log_request(self, *_args: Any) -> None:
        pass


def main() -> None:
    """Run one cloud until it is told to stop."""
    logging.basicConfig(level=logging.WARNING)
    Path(_OPTIONS["folder"]).mkdir(parents=True, exist_ok=True)
    Cloud(_OPTIONS).serve()


if __name__ == "__main__":
    main()
