"""Red flags: what a candidate learned that no score of a task shows."""

from workbench.red_flags.flag import Flag, FlagSettings
from workbench.red_flags.measuring import measure, measure_run

__all__ = ["Flag", "FlagSettings", "measure", "measure_run"]
