"""Commands of the centre, which `cti` finds by entry point: `cti centre …`.

parser.py is loaded by every `cti` command, so it knows argparse and nothing of a database.
"""
