"""Workbench: from raw chat logs to an adapter you can defend.

Import the verb you need from its module, for example
``from workbench.importing import import_files``; nothing heavy is imported here.
"""

__version__ = "0.1.0"
