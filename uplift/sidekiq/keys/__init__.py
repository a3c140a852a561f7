"""What the keys of Sidekiq, Pro and Enterprise mean, by their names and values; nothing is moved here."""
