"""The parts of one engine: opened when they are needed, and closed when another engine has the run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from uplift.keyspace.keymap.routing import build_router
from uplift.sidekiq.handover.handover import Handover, OpenHandover
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.split.evidence.canaries import Canaries, with_canary_rules
from uplift.split.hooks.hook_command import hook_command
from uplift.split.hooks.on_event import OnEvent
from uplift.split.hooks.on_go import OnGo
from uplift.split.record.split_record import SplitRecord
from uplift.split.run.evidence_part import EvidencePart
from uplift.split.run.follow_part import FollowPart, FollowPlace
from uplift.split.run.moving_jobs import MovingJobs
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_part import SidekiqPart
from uplift.split.run.sidekiq_sides import SidekiqSides
from uplift.split.run.turning_cron import TurningCron
