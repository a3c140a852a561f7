"""From a reviewed assembly to AWS: what is deployed, what drifted from its template, and what a deploy must not replace."""
