"""The mover: chunks of jobs out of the source, by an outbox, into the target; wherever it dies, none is lost or doubled."""
