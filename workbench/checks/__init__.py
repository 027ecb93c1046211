"""Quality checks: what a reviewer would write down himself, one declaration per fault.

Each file holds one family and ends in ``CHECKS``, a tuple of declarations: the name, words for
the reviewer, what is proposed, how sure it is, and examples of rows that are hit and rows that
only look like it. The step ``quality`` runs them; `workbench.checks.every.CHECKS` lists them all.
"""
