"""Processes of a real Sidekiq, Debian's ruby-sidekiq 6.4.1, beside a handover."""
