"""The table of docs/phone-acts.md: what phones and strangers do, and what comes out.

`acts.toml` is the one source: `python -m docs.acts` writes the page's table from it, and the tests
play each of its runs on the simulated Asterisk and on a real one (tests/worlds/acts).
"""
