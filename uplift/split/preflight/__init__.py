"""What is looked at before a split begins, each check a decision of its own."""
