"""The pages of the app, one script each, and the three modules they share."""
