"""What is compared: assemblies, templates and revisions read into typed resources, and the differences between two. Nothing here judges."""
