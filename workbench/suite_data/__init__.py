"""Items of the harness's tasks as files: fetched once on a connected machine, read offline."""
