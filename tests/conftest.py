"""What tests share: real Redis servers, and one local cloud that everything was deployed to once."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import build
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from stacks.shared.bundle import Bundle
from tests.deployed_cloud import Deployed, deploy_everything, later_server
from tests.worker_groups import ByGroupOrFile, arrange
from uplift.settings.load import load_settings

pytest_plugins = ["tests.draws"]

StartRedis = Callable[[str], RedisServer]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before `-m` looks at the markers."""
    arrange(config, items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroupOrFile:
    """Who gets which tests."""
    return ByGroupOrFile(config, log)


def pytest_sessionstart() -> None:
    """A shell starts what it puts into the background with SIGINT ignored, and every process we start would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def installed_tools() -> InstalledTools:
    installed_tools = InstalledTools()
    installed_tools.check()
    return installed_tools


@pytest.fixture
def start_redis(installed_tools: InstalledTools, tmp_path: Path) -> Iterator[StartRedis]:
    """Start a real redis-server of one version; all are stopped after the test."""
    servers: list[RedisServer] = []

    def start(version: str) -> RedisServer:
        binary = installed_tools.redis_servers.get(version) or later_server(installed_tools, version)
        server = RedisServer(version, binary, tmp_path / f"redis-{len(servers)}")
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def synthesise_prod(folder: Path) -> Path:
    """Prod's stacks below a folder, with something that stands for the bundle; returns the assembly."""
    bundle, output = folder / "python3.12", folder / "cdk.out"
    bundle.mkdir()
    (bundle / "code.py").write_text("# stands for the bundle\n")
    application = cdk.App(context=json.loads(Path("cdk.json").read_text())["context"], outdir=str(output))
    build(application, environment="prod", settings=load_settings("prod"), bundle=Bundle(bundle)).synth()
    return output


def templates_in(assembly: Path) -> dict[str, dict[str, Any]]:
    """The template of each stack of an assembly, by name."""
    suffix = ".template.json"
    return {path.name.removesuffix(suffix): json.loads(path.read_text()) for path in assembly.glob(f"*{suffix}")}


@pytest.fixture(scope="session")
def assembly_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One synthesis of prod's stacks, shared by every test of templates."""
    return synthesise_prod(tmp_path_factory.mktemp("synthesis"))


@pytest.fixture(scope="session")
def templates(assembly_folder: Path) -> dict[str, dict[str, Any]]:
    """The template of each stack by name."""
    return templates_in(assembly_folder)


@pytest.fixture(scope="session")
def upgrade_template(templates: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return templates["UpliftProdUpgrade"]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The one local cloud with everything deployed; tests/worker_groups.py sends all its tests to one worker."""
    with deploy_everything(tmp_path_factory.mktemp("deployed")) as deployed:
        yield deployed
