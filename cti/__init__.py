"""The daemon around the routing core. `app.py` builds it, top to bottom."""
