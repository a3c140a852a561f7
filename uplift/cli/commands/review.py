"""`uplift review BASE HEAD`: what a change does to the Redis that runs, before anybody deploys it."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.errors import BadInput, ExitCode
from uplift.review.acknowledgements import DEFAULT_FILE, Acknowledgement, load_acknowledgements
from uplift.review.finding import Impact
from uplift.review.review import review as make_review
from uplift.review.review_text import as_json as review_as_json
from uplift.review.review_text import as_lines, as_markdown
from uplift.review.templates.assembly import named_apart, read_assembly
from uplift.review.templates.assembly_cache import AssemblyCache, cache_folder, cache_key
from uplift.review.templates.revisions import Revision, find_revision, lay_out_bundle, synthesise, worktree
from uplift.review.templates.template import Assembly
from uplift.settings.load import environment_names

_AT_ONCE = 2
_Side = tuple[Assembly, tuple[Acknowledgement, ...]]

Side = Annotated[str, typer.Argument(help="A cloud assembly (cdk.out), a template, or a git revision.")]
Environments = Annotated[list[str] | None, typer.Option("--environment", help="Of git revisions: only this one; may be given again.")]
Acknowledged = Annotated[
    Path | None,
    typer.Option("--acknowledged", help=f"Entries that acknowledge findings; by default {DEFAULT_FILE}, of HEAD where that is a revision."),
]
Allow = Annotated[Impact, typer.Option("--allow", help="The worst class nobody need acknowledge.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Synthesise git revisions anew, and keep nothing.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print markdown for a comment.")]


def review(
    base: Side,
    head: Side,
    environments: Environments = None,
    acknowledged: Acknowledged = None,
    allow: Allow = Impact.HARMLESS,
    *,
    no_cache: NoCache = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Say what HEAD over BASE does: exit 0 nothing above the allowed class, 1 a finding nobody acknowledged, 2 bad input."""
    if markdown and as_json:
        raise BadInput("--markdown and --json were both given, allowed: one of them")
    with tempfile.TemporaryDirectory(prefix="uplift-review-") as folder:
        cache = AssemblyCache(None if no_cache else cache_folder())
        (before, _), (after, written) = _sides((base, head), tuple(environments or ()), Path(folder), cache)
    entries = load_acknowledgements(acknowledged, required=True) if acknowledged is not None else written
    made = make_review(before, after, entries, today=datetime.now(UTC).date(), allowed=allow)
    if as_json:
        print_json(review_as_json(made))
    elif markdown:
        print_lines([as_markdown(made).rstrip("\n")])
    else:
        print_lines(as_lines(made))
    if made.unacknowledged:
        raise typer.Exit(ExitCode.FAILED)


def _sides(sides: tuple[str, str], environments: tuple[str, ...], folder: Path, cache: AssemblyCache) -> list[_Side]:
    """Both sides; git revisions are synthesised, two environments at a time, unless they are in the cache."""
    revisions = [None if _is_path(side) else find_revision(side, Path.cwd()) for side in sides]
    for side, revision in zip(sides, revisions, strict=True):
        if revision is None and not _is_path(side):
            raise BadInput(f"{side or repr(side)}: neither a file nor a git revision, expected: a cloud assembly, a template or a revision")
    if environments and not all(revisions):
        raise BadInput("--environment was given for an assembly or template, allowed: with two git revisions only")
    return [
        (read_assembly(Path(side)), load_acknowledgements(DEFAULT_FILE, required=False))
        if revision is None
        else _synthesised(revision, environments, folder / str(number), cache)
        for number, (side, revision) in enumerate(zip(sides, revisions, strict=True))
    ]


def _is_path(side: str) -> bool:
    try:
        return bool(side) and Path(side).exists()
    except (OSError, ValueError):
        # A text that no file can be called, such as one with a null in it.
        return False


def _synthesised(revision: Revision, environments: tuple[str, ...], folder: Path, cache: AssemblyCache) -> _Side:
    """A revision's stacks, and what its own file acknowledges."""
    with worktree(revision, Path.cwd()) as tree, ThreadPoolExecutor(_AT_ONCE) as pool:
        names = environments or environment_names(tree / "config")
        for name in names:
            if name not in environment_names(tree / "config"):
                raise BadInput(f"--environment {name}: {revision.name} has no config/{name}.yaml")
        bundle = lay_out_bundle(tree)

        def assembly_of(name: str) -> Assembly:
            def make(output: Path) -> None:
                _tell(f"synthesising {revision.name}, {name}")
                synthesise(tree, bundle, name, output, revision.name)

            return cache.read_or_make(cache_key(revision.tree, name), make, folder / name)

        stacks = [stack for assembly in pool.map(assembly_of, names) for stack in assembly.stacks.values()]
        entries = load_acknowledgements(tree / DEFAULT_FILE, required=False)
    return Assembly(f"{revision.name} ({revision.commit[:10]})", named_apart(stacks, revision.name)), entries


def _tell(what: str) -> None:
    """Say what takes seconds, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{what} ...\n")
