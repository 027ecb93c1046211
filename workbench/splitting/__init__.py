"""How a version is split: what belongs together, which rows are like which, who goes where."""
