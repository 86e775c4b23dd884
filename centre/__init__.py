"""What people use, beside the router: accounts, pages, modules (docs/architecture.md)."""
