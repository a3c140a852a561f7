"""The command `uplift`: its sub-commands, and how every error ends."""

from __future__ import annotations

import sys

import typer

from uplift.cli.commands import (
    clean,
    copy,
    deploy,
    drift,
    inventory,
    keymap,
    plan,
    recover,
    rehearse,
    report,
    review,
    rotate_token,
    settings,
    snapshots,
    upgrade,
    verify,
)
from uplift.errors import UpliftError

application = typer.Typer(
    name="uplift",
    help="Takes an ElastiCache Redis 3.2 to version 5: settings, review, deploy, plan, rehearsal; sees, splits and proves a live Redis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.add_typer(settings.commands, name="settings", help="Read and check config/NAME.yaml.")
application.add_typer(rehearse.commands, name="rehearse", help="Try it on this machine, on real Redis servers.")
application.add_typer(keymap.commands, name="keymap", help="Check which key goes where.")
application.command("plan")(plan.plan)
application.command("review")(review.review)
application.command("drift")(drift.drift)
application.command("deploy")(deploy.deploy)
application.command("upgrade")(upgrade.upgrade)
application.command("status")(upgrade.status)
application.command("stop")(upgrade.stop)
application.command("report")(report.report)
application.command("recover")(recover.recover)
application.command("snapshots")(snapshots.snapshots)
application.command("rotate-token")(rotate_token.rotate_token)
application.command("inventory")(inventory.inventory)
application.command("copy")(copy.copy)
application.command("clean")(clean.clean)
application.command("verify")(verify.verify)


def run() -> None:
    """Run the command line. Errors of our own are one line; exit 0 done, 1 failed or lost, 2 bad input."""
    try:
        application()
    except UpliftError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(problem.exit_code)
