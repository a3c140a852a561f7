"""Values, schedules and state machines of templates in words."""
