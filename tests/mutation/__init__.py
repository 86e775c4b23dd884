"""Mutation testing of the routing core; see docs/mutation.md."""
