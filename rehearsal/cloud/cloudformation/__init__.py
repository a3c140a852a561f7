"""The local CloudFormation: change sets, stacks, resource types and stack policies."""
