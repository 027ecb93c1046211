"""A double check: a random sample that a person judges, and what it says of precision and recall."""
