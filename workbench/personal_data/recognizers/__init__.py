"""The recognizers: what each kind of personal datum looks like, as Presidio recognizers."""
