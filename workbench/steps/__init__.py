"""Steps: one idea per module; each only proposes.

A step module has ``TITLE``, ``SCOPE``, an ``Options`` model and pure functions:

``SCOPE = "map"``: ``find(rows, options, context) -> Iterable[Finding]`` sees one batch, and
says of a row the same whatever rows stand beside it.

``SCOPE = "group"``: ``features(rows, options, context) -> dict[str, column]`` turns a batch
into ids, hashes, vectors or labels (never whole texts; a column is a list, a NumPy array or
an Arrow array), and ``find(features, options, earlier) -> Iterable[Finding]`` sees those
columns of every row as one Arrow table that lies on disk: read the columns one by one, and
yield the findings. ``earlier`` tells what the steps before proposed, and groups rows by key.

Either kind may have ``prepare(options, project, dataset) -> context``, which runs once and
is the only place that may read a file. The context is sent once to every worker. What
``prepare`` reads besides the version (scores, suites, another dataset) is named by
``reads(options, project, dataset) -> str``, a text that changes when it does; a step whose
code, options, version and ``reads`` are as before is not run again.

``COLUMNAR = True``: ``features`` also takes the batch as Arrow has it, which spares making
Python objects of every row; it must spend its time in NumPy and Arrow, because it runs in
threads where others have processes.

``WORKERS = 1`` bounds the worker processes or actors that run the step: for a step whose
model must not be loaded several times, or whose library uses all cores by itself.
"""
