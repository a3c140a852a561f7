"""AUTH tokens: reading one out of Secrets Manager, and rotating a group's token without disconnecting a client."""
