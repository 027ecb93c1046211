"""The leak audit: a look at what was published that does not trust what did the scrubbing."""
