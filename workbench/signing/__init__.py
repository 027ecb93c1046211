"""Signing: a chain of hashes over what a report rests on, a key's signature, and the check."""
