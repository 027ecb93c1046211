"""The command line: thin callers of the library, one file per part of the loop."""
