"""What Sidekiq keeps in Redis, and how its jobs move from one server to another while both sides work."""
