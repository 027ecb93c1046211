"""The report of an evaluation: one self-contained HTML file, and the JSON it is made from."""
