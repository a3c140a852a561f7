"""The stack an administrator deploys before the first bootstrap: `stack.PipelineStack` is for pipeline.py."""
