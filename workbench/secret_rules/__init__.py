"""Secrets in text: which formats there are, and where a text holds one.

`workbench.secret_rules.scanning.scanner` is the door. The rules are data: one TOML file a family
in ``packs``, written from the formats that the issuers publish, each rule with true and false
examples that the tests run.
"""
