"""`python -m cti` is the `cti` command."""

from cti.cli.main import main

raise SystemExit(main())
