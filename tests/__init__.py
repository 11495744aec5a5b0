"""The proofs: they mirror the tree, and the oracle and the scenarios live here."""
