"""What each command does, a file a subject; `routing.engine.HANDLERS` is the table of contents."""
