"""What Sidekiq keeps in Redis, and how its jobs move from one server to another while both sides work.

Begin with `keys` (what each key means), then `mover` (how a chunk of jobs crosses) and `handover` (what crosses when). `status` is what a
person sees before; `gate` turns cron, of which `schedulers` knows the keys; `run` is what mover and gate keep on the servers alike.
"""
