"""`cti init`: look at an Asterisk, write what it and the router need, and change nothing twice.

`shipped` finds the files of asterisk-config, `operator_files` reads what an operator has, `plan`
decides (pure), `apply` writes, `dialogue` asks. Knows nothing of a running router.
"""
