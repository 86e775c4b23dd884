"""From source to what an operator installs: wheel, Debian package, notices, SBOM. Not shipped."""
