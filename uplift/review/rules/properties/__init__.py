"""Tables of properties: what a change of each means, by type of resource. A file for each subject."""
