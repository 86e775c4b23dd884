"""The `cti` command: starts the daemon, and asks a running one over its control socket."""
