"""What is installed: the files of wheel and sdist, and that the commands for any Redis need nothing of AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import StartRedis
from uplift import __version__
from uplift.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
# A distribution that is imported under another name than its own.
_IMPORTED_AS = {"pyyaml": "yaml"}
_WITHOUT_A_CLOUD = ("inventory", "keymap", "copy", "verify", "follow", "sidekiq", "split", "endpoints", "clean")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist, built from a copy so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "tree" / name)
    build = "import sys, setuptools.build_meta as b; to = sys.argv.pop(); b.build_wheel(to); b.build_sdist(to)"
    done = subprocess.run([sys.executable, "-c", build, str(folder)], cwd=folder / "tree", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def _sources() -> set[str]:
    """Every file of uplift/ that something reads when it runs."""
    found = (path for path in (ROOT / "uplift").rglob("*") if path.suffix in {".py", ".lua", ".j2"})
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_uplift_with_scripts_and_templates_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[0]).namelist())
    assert {name for name in names if ".dist-info/" not in name} == _sources()


def test_the_sdist_holds_what_the_wheel_is_built_from_and_nothing_else(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    beside = {name for name in names if not name.startswith(("uplift/", "uplift.egg-info/"))}
    assert names - beside >= _sources()
    assert {name for name in names if name.startswith("uplift/")} == _sources()
    assert beside == {"MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}


def _closure(wanted: list[str]) -> set[str]:
    """The distributions that installing these brings, by their normalised names."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name.lower() not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(requirement.name.lower())
            waiting += requires(requirement.name) or []
    return found


_REFUSES_THE_REST = """
import sys
allowed, wheel, arguments = {allowed!r}, {wheel!r}, {arguments!r}
sys.path.insert(0, wheel)
from importlib.machinery import PathFinder
class Allowed:
    @staticmethod
    def find_spec(name, path=None, target=None):
        top = name.partition('.')[0]
        known = top in allowed or top in sys.stdlib_module_names or top.startswith(('uplift', '_sysconfigdata'))
        return PathFinder.find_spec(name, path, target) if known else None
sys.meta_path[:] = [Allowed if finder is PathFinder else finder for finder in sys.meta_path if 'editable' not in repr(finder)]
sys.argv = ['uplift', *arguments]
from uplift.cli.main import run
import uplift
assert uplift.__file__.startswith(wheel), uplift.__file__
run()
"""


def _without_a_cloud(wheel: Path, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command of the wheel, where only what `pip install .` brings can be imported."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    allowed = {_IMPORTED_AS.get(name, name.replace("-", "_")) for name in _closure(declared)}
    program = _REFUSES_THE_REST.format(allowed=allowed | {"_distutils_hack"}, wheel=str(wheel), arguments=arguments)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder or wheel.parent)


def test_the_commands_for_any_redis_work_without_a_cloud(built: tuple[Path, Path], start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(50):
        source.client.set(f"users_b:{number}", "v", ex=5_000)
    sides = ("--from", f"redis://127.0.0.1:{source.port}", "--to", f"redis://127.0.0.1:{target.port}")
    page = tmp_path / "page.html"
    seen = _without_a_cloud(built[0], "inventory", *sides[:2], "--json", "--html", str(page))
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["keys"] == 50
    assert "users_b" in page.read_text()
    for command in (
        ("keymap", "check", str(ROOT / "config/keyspace.yaml"), *sides[:2]),
        ("copy", *sides, "--state", str(tmp_path / "state")),
        ("verify", *sides),
        ("sidekiq", "status", *sides),
        ("clean", *sides[2:]),
    ):
        done = _without_a_cloud(built[0], *command)
        assert done.returncode == 0, (command, done.stderr)
    assert target.client.dbsize() == 50
    # Neither of them tells of its events, and the new side is not empty: it refuses, and says so.
    targets = ("--to", f"app-cache={sides[3]}", "--to", f"sidekiq={sides[1]}")
    keymap = ("--keymap", str(ROOT / "config/keyspace.yaml"), "--state", str(tmp_path / "split"))
    refused = _without_a_cloud(built[0], "split", "run", *sides[:2], *targets, *keymap)
    assert (refused.returncode, "the preflight refuses; nothing was written" in refused.stderr) == (1, True), refused.stderr


@pytest.mark.parametrize("name", sorted({one.name for one in COMMANDS} - {*_WITHOUT_A_CLOUD, "settings"}))
def test_a_command_whose_extra_is_missing_says_so_in_one_line(built: tuple[Path, Path], name: str, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text('{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "a"}}}}')
    other = tmp_path / "other.json"
    other.write_text(template.read_text().replace('"a"', '"b"'))
    arguments = {"review": (str(template), str(other)), "rehearse": ("in-place",)}.get(name, ())
    done = _without_a_cloud(built[0], name, *arguments)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    line = done.stderr
    assert done.returncode == 2
    assert ("pip install 'uplift[aws]'" in line) or (name == "rehearse" and "needs the checkout" in line), line


def test_help_imports_no_command() -> None:
    program = "import sys, atexit; sys.argv = ['uplift', '--help']; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    program += "from uplift.cli.main import run; run()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    wanted = {"uplift", "uplift.cli", "uplift.cli.main", "uplift.cli.start", "uplift.errors"}
    assert {name for name in modules if name.startswith("uplift")} == wanted
    assert not {"boto3", "pydantic", "yaml", "hiredis", "jinja2"} & modules


def test_a_piped_copy_without_a_key_map_imports_neither_yaml_nor_bars_nor_looks_for_plugins(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    ports = [start_redis(version).port for version in ("3.2.6", "5.0.6")]
    arguments = [
        "copy",
        "--from",
        f"redis://127.0.0.1:{ports[0]}",
        "--to",
        f"redis://127.0.0.1:{ports[1]}",
        "--state",
        str(tmp_path / "state"),
    ]
    program = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    program += "from importlib import metadata; metadata.entry_points = lambda **_: sys.exit('plugins were looked for')\n"
    program += "from uplift.cli.start import run; run()"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "uplift.keyspace.copy.copy" in modules
    assert not {"yaml", "rich.progress", "boto3", "jinja2"} & modules


def test_every_listed_command_is_there_and_the_version_is_the_one_of_the_package() -> None:
    for listed in COMMANDS:
        assert listed.load() is not None
    done = subprocess.run([str(Path(sys.executable).parent / "uplift"), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"uplift {__version__}\n"
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_synthesising_a_revision_without_the_cdk_says_so_in_one_line(built: tuple[Path, Path], tmp_path: Path) -> None:
    for command in (["init", "-q"], ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "a"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    (tmp_path / "config").mkdir()
    for name in ("config/prod.yaml", "cdk.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    subprocess.run(
        ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "b"], check=True
    )
    done = _without_a_cloud(built[0], "review", "HEAD", "HEAD", "--environment", "prod", "--no-cache", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("pip install 'uplift[aws]'"), done.stderr
