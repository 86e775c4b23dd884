"""What each command does, a file a subject; `routing.engine.HANDLERS` is the table of contents.

A handler looks (and may refuse), then changes by verbs. Nobody but that table imports from here.
"""
