"""What stacks of every kind use: the existing VPC, topics, runbooks, names of published facts, accepted findings."""
