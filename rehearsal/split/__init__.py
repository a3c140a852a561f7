"""The rehearsal of a split on this machine, without AWS: three real servers with replicas, real processes, real engines."""
