"""The gate: the instant from which the new side fires cron jobs, and the old side no longer."""
