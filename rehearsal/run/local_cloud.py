"""Starts the local cloud as a process of its own and talks to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools
from uplift.settings.environment import EnvironmentSettings

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Calls:
    """How often the deployed roles called each action, and how often they met each error code, from the cloud's own log."""

    done: Counter[str]
    refused: Counter[str]


class LocalCloud:
    """A running local cloud. Use it as a context manager: leaving it stops every process it started."""

    def __init__(
        self,
        installed_tools: InstalledTools,
        folder: Path,
        *,
        account: str,
        region: str,
        timing: Timing,
        faults: list[str],
        stays: bool = False,
    ) -> None:
        self.folder, self.region, self.account = folder.resolve(), region, account
        folder.mkdir(parents=True, exist_ok=True)
        options = {
            "folder": str(self.folder),
            "account": account,
            "region": region,
            "redis": {version: str(path) for version, path in installed_tools.redis_servers.items()},
            "runtime_folder": str(installed_tools.runtime_folder),
            "timing": asdict(timing),
            "faults": faults,
            "stays": stays,
        }
        options_file = self.folder / "options.json"
        options_file.write_text(json.dumps(options))
        with (self.folder / "cloud.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches only us, and we stop it in good order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal.cloud.server", str(options_file)],
                cwd=installed_tools.root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._session = boto3.Session(aws_access_key_id="operator", aws_secret_access_key="none", region_name=region)
        self._clients: dict[str, Any] = {}
        ready = self._wait_until_ready()
        self.url, self.ca_file, self.pid = str(ready["url"]), Path(ready["ca_file"]), self._process.pid

    def _wait_until_ready(self) -> dict[str, Any]:
        path = self.folder / "ready.json"
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                ready: dict[str, Any] = json.loads(path.read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.05)
                continue
            return ready
        raise RuntimeError(f"the local cloud did not start; see {self.folder / 'cloud.log'}")

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work against this cloud."""
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def uplift(self, *arguments: str, role: str = "") -> subprocess.CompletedProcess[str]:
        """Run our own command against this cloud, as an operator would type it, or with the rights of one deployed role."""
        command = [str(Path(sys.executable).parent / "uplift"), *arguments]
        credentials = self.command("credentials", role=role) if role else {}
        return subprocess.run(command, env={**self.environment, **credentials}, capture_output=True, text=True, check=False)

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud, as the operator; made once, since boto3 reads a service's whole model for it."""
        if service not in self._clients:
            make: Any = self._session.client
            self._clients[service] = make(service, endpoint_url=self.url)
        return self._clients[service]

    def command(self, name: str, **request: object) -> Any:
        """Ask for something beyond AWS's own API. Raises RuntimeError with the cloud's reason."""
        body = json.dumps(request).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_rehearsal/{name}", data=body, method="POST")) as answer:  # noqa: S310
            content = json.loads(answer.read())
        if isinstance(content, dict) and "error" in content:
            raise RuntimeError(content["error"])
        return content

    def seed_network(self, settings: EnvironmentSettings) -> None:
        """Make what an environment's settings name and an organisation has made before: network, DNS zone, permissions boundary."""
        network = settings.network
        groups = [*network.client_security_group_ids.values(), network.endpoint_security_group_id, settings.legacy.security_group_id]
        zone = network.dns_zone
        self.command(
            "seed-network",
            vpc=network.vpc_id,
            subnets=list(network.subnet_ids),
            security_groups=[group for group in groups if group is not None],
            route_tables=list(network.route_table_ids),
            dns_zone={"id": zone.id, "name": zone.name} if zone is not None else None,
            permissions_boundary=settings.permissions_boundary_arn,
        )

    def calls_of_roles(self) -> Calls:
        """Count what the deployed functions called so far."""
        done: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for line in (self.folder / "calls.jsonl").read_text().splitlines():
            call = json.loads(line)
            if call["principal"].startswith("arn:"):
                counter, name = (refused, call["error"]) if call["status"] >= 400 else (done, call["action"])
                counter[name] += 1
        return Calls(done, refused)

    def stop(self) -> None:
        """Stop it and everything it started."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def __enter__(self) -> LocalCloud:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
