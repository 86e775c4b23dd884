"""Events that were published: the record of what happened, readable from any sequence number.

Envelope, CloudEvents form, the event log in SQLite, and the one bounded subscription to it.
"""
