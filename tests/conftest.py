"""What tests share: real Redis servers, and one local cloud that everything was deployed to once."""

import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.deployed_cloud import Deployed, deploy_everything, later_server
from tests.stacks.variants import Synthesised, named, synthesise
from tests.worker_groups import ByGroupOrFile, arrange

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


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesised]:
    """The stacks of an environment or a variant, synthesised when first asked for."""

    @cache
    def of(name: str) -> Synthesised:
        environment, make = named()[name]
        return synthesise(environment, make(), tmp_path_factory.mktemp("synthesis"))

    return of


@pytest.fixture(scope="session")
def templates(synthesised: Callable[[str], Synthesised]) -> dict[str, dict[str, Any]]:
    """The template of each of prod's stacks by name."""
    return dict(synthesised("prod").stacks)


@pytest.fixture(scope="session")
def upgrade_template(templates: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return templates["UpliftProdUpgrade"]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The one local cloud with everything deployed; tests/worker_groups.py sends all its tests to one worker."""
    with deploy_everything(tmp_path_factory.mktemp("deployed")) as deployed:
        yield deployed
