"""Steps: one idea per module; each only proposes.

A step module has ``TITLE``, ``SCOPE``, an ``Options`` model and pure functions:

``SCOPE = "map"``: ``find(rows, options, context) -> list[Finding]`` sees one batch.

``SCOPE = "group"``: ``features(rows, options, context) -> dict[str, column]`` turns a batch
into ids, hashes, vectors or labels (never whole texts; a column is a list, a NumPy array or
an Arrow array), and ``find(features, options, earlier) -> Iterable[Finding]`` sees those
columns of every row as one Arrow table that lies on disk: read the columns one by one, and
yield the findings. ``earlier`` tells what the steps before proposed, and groups rows by key.

Either kind may have ``prepare(options, project, dataset) -> context``, which runs once and
is the only place that may read a file. The context is sent to every worker.
"""
