"""What a pull request would do: base templates against head templates, offline, said in the words of the person who runs the Redis."""
