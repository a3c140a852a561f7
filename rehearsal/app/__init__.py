"""A simulated vets-api: its keys, its clients' habits, and a journal of all it was promised."""
