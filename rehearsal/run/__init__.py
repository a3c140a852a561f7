"""The rehearsal's runner: joins the local cloud, the real CDK CLI, the application, and a report."""
