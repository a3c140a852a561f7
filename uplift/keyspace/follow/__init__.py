"""Two servers kept equal from keyspace notifications and a reconciling pass, in one direction or in both; used through `run`."""
