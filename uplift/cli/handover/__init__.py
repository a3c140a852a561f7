"""What `uplift sidekiq handover` keeps in its state directory, and drives."""
