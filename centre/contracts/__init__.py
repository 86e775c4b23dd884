"""What several modules need and is built once; docs/contracts.md says when to use which."""
