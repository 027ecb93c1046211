"""Personal data: what it is, and where in a text it stands."""
