"""Names of people and places in chat text: an embedded recognizer, and others when they are present."""
