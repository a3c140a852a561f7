"""`uplift split status|report`: how a run stands, and what came of it."""

from __future__ import annotations

import json
import time

from uplift.cli.options.sidekiq_sides import Watch
from uplift.cli.options.split_run import SplitStatePath
from uplift.cli.split.asking import SplitState, state_at
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.cli.terminal.split_text import report_lines, status_lines
from uplift.errors import BadInput
from uplift.split.status.split_status import status_as_json, status_from
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

_LOOK_SECONDS = 2.0


def status(state: SplitStatePath, watch: Watch = False, as_json: AsJson = False) -> None:
    """Say how a run stands, and what may be done now, by what its engine told last."""
    while True:
        _show(state_at(state), as_json=as_json, is_watched=watch)
        if not watch:
            return
        try:
            time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:
            return


def _show(state: SplitState, *, as_json: bool, is_watched: bool) -> None:
    if as_json:
        document = {**json.loads(status_as_json(state.status)), "age_seconds": round(state.age_seconds, 3)}
        if is_watched:
            print_lines([json.dumps(document)])
        else:
            print_json(document)
        return
    print_lines(status_lines(state.status, state.age_seconds) + ([""] if is_watched else []))


def report(state: SplitStatePath, as_json: AsJson = False) -> None:
    """What a run came to, once it was finished or abandoned."""
    text = DirectoryStore(SplitFolder(state).existing()).read_report()
    if text is None:
        raise BadInput(f"--state {state}: no report yet, allowed: after finish or abandon; `uplift split status` says how it stands")
    found = status_from(text, f"--state {state}: report.json")
    if as_json:
        print_json(json.loads(text))
    else:
        print_lines(report_lines(found))
