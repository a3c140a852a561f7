"""What `uplift sidekiq gate` keeps in its directory."""
