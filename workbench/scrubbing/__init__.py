"""What to put in the place of personal data and secrets, so that a row stays whole.

`workbench.scrubbing.fields` reads a row, `workbench.scrubbing.people` tells who is who,
`workbench.scrubbing.proposing` turns what detectors saw into edits, and
`workbench.scrubbing.texts` does all of it to one text or one row in Python.
"""
