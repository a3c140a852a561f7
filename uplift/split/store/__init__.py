"""Where a run keeps what its engines and its operators share."""
