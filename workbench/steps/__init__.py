"""Steps: one idea per module; each only proposes.

A step module has ``TITLE``, ``SCOPE``, an ``Options`` model and pure functions:

``SCOPE = "map"``: ``find(rows, options, context) -> list[Finding]`` sees one batch.

``SCOPE = "group"``: ``features(rows, options, context) -> dict[str, list]`` turns a batch
into ids, hashes, vectors or labels (never whole texts), and
``find(features, options, earlier) -> list[Finding]`` sees those columns of every row.

Either kind may have ``prepare(options, project, dataset) -> context``, which runs once and
is the only place that may read a file. ``earlier`` tells what the steps before proposed.
"""
