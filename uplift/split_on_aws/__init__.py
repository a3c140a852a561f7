"""The split's places on AWS: a table, a bucket and one parameter stand where a directory stands on one machine."""
