"""One engine as a process of its own: it steps a Member, says in JSON lines what happened, and stops where it is told to.

    python -m tests.keyspace.follow.drawn.engine_process SOURCE_PORT TARGET_PORT OWNER active|standby source|target BASE [ABLATION]

BASE is a file, and what an operator's directory says besides is in BASE.state: who is started with one that is there goes on.

Its standard input takes lines: `hold POINT`, `go`, `pass`, `quit`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from tests.keyspace.follow.drawn.ablations import ABLATIONS
from uplift.errors import UpliftError
from uplift.keyspace.follow.base import open_base
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.member import Member
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.follow.totals import Step
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply

_BASE_BYTES = 64 << 20
_STATUS_SECONDS = 0.01
_ROUNDS_AHEAD = 100_000


class Told:
    """What the test said: a thread reads it, the engine looks at it."""

    def __init__(self) -> None:
        self.held: str | None = None
        self.quits = False
        self.asked = self.begun = self.passes_before = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            with self._changed:
                word, _, rest = line.strip().partition(" ")
                match word:
                    case "hold":
                        self.held = rest
                    case "go":
                        self.held = None
                    case "pass":
                        self.asked += 1
                    case "quit":
                        self.quits = True
                self._changed.notify_all()
        with self._changed:
            # Nobody is there any more.
            self.quits, self.held = True, None
            self._changed.notify_all()

    def stop_point(self, name: str) -> None:
        """Stay here while the test holds this point."""
        with self._changed:
            if self.held == name:
                say({"at": name})
                self._changed.wait_for(lambda: self.held != name)


def say(what: dict[str, object]) -> None:
    """One line to the test."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def status_of(member: Member, step: Step, steps: int) -> dict[str, object]:
    """What the test may know: no more than an operator could."""
    engine = member.engine
    servers = member.streams.servers
    what: dict[str, object] = {
        "active": engine is not None,
        "steps": steps,
        "warm": member.standby is not None and member.standby.is_warm,
        "complete": member.streams.pasts.base.is_complete,
        "problem": step.problem,
        "named": [(key.decode("latin-1"), str(reason)) for key, reason in step.named],
        "takeovers": member.takeovers,
        "lag": step.lag_seconds,
        "touches": sum(len(server.events.touches) for server in servers),
    }
    if engine is not None:
        what |= {
            "rounds": engine.totals.rounds,
            "passes": engine.passes.count,
            "dirty": len(engine.dirty),
            "gapless": all(server.gaps.are_over for server in servers) and engine.passes.done is not None,
            "written": engine.totals.written,
            "conflicts": sum(engine.totals.conflicts.values()),
            "left": {str(reason): count for reason, count in engine.totals.left.items()},
            "refused": engine.totals.refused,
            "big": len(engine.big),
        }
    return what


def state_path(base: Path) -> Path:
    """What is known besides the base."""
    return base.with_suffix(".state")


def keep_state(member: Member, base: Path) -> None:
    """Whole or not at all."""
    pasts = member.streams.pasts
    rounds = [server.events.round for server in member.streams.servers]
    new = base.with_suffix(".new")
    new.write_text(json.dumps({"complete_since": pasts.complete_since, "round": max(rounds)}))
    new.replace(state_path(base))


def new_member(ports: tuple[int, int], owner: str, authority: Side, told: Told, *, stands_by: bool, base: Path) -> Member:
    """As `uplift follow` makes one (following.py), for two servers that hold one key map's only target."""
    router = build_router(one_target_takes_all("target"), ("target",))

    def name(key: bytes) -> bytes | None:
        rule = router.route(key)
        return key if rule is not None and rule.target == 0 else None

    servers = [FollowedServer(side, side.name.lower(), Endpoint("127.0.0.1", ports[side]), 0, name) for side in Side]
    pasts = Pasts(open_base(base, _BASE_BYTES), base.with_suffix(".sent"))
    if (state := state_path(base)).exists():
        known = json.loads(state.read_text())
        pasts.complete_since = known["complete_since"]
        for server in servers:
            server.events.round = max(server.events.round, known["round"] + _ROUNDS_AHEAD)
            server.had_lease = True
            server.gaps.open(0)
    streams = Streams(servers[0], servers[1:], router, pasts)
    return Member(streams, router, Policy(True, authority), owner, stands_by=stands_by, stop_point=told.stop_point)


def run(member: Member, told: Told, base: Path) -> None:
    """Until the test says quit, or the engine ends."""
    said_at, steps = 0.0, 0
    complete_since: int | None = None
    was_active: object = None
    while not told.quits:
        if told.asked > told.begun and member.engine is not None:
            told.begun, told.passes_before = told.asked, member.engine.passes.count
            member.engine.begin_pass()
        step = member.step(0.02)
        steps += 1
        if member.engine is not None and (member.streams.pasts.complete_since != complete_since or steps % 100 == 0):
            complete_since = member.streams.pasts.complete_since
            keep_state(member, base)
        now, what = time.monotonic(), status_of(member, step, steps) | {"begun": told.begun, "passes_before": told.passes_before}
        if step.named or step.problem or now - said_at > _STATUS_SECONDS or what["active"] != was_active:
            say(what)
            said_at, was_active = now, what["active"]


def main() -> None:
    """One engine."""
    source, target, owner, role, authority, base_name = sys.argv[1:7]
    base = Path(base_name)
    for without in sys.argv[7:]:
        ABLATIONS[without]()
    told = Told()
    while True:
        try:
            member = new_member((int(source), int(target)), owner, Side[authority.upper()], told, stands_by=role == "standby", base=base)
            break
        except (UpliftError, ErrorReply) as problem:
            # A server that is failing over: an operator would start it again.
            say({"problem": str(problem)})
            if told.quits:
                return
            time.sleep(0.1)
    try:
        run(member, told, base)
    except (UpliftError, ErrorReply, Fenced) as ended:
        say({"ended": str(ended)})
    except Exception as ended:
        say({"ended": f"{type(ended).__name__}: {ended}"})
        raise
    member.close()


if __name__ == "__main__":
    main()
