"""What the keys of the gems that fire Sidekiq's cron jobs mean: sidekiq-scheduler 2.1 to 6.0, sidekiq-cron 1 and 2."""
