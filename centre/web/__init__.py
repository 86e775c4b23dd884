"""Where requests come in: who asks, from where, and may they come here at all.

The routes are the modules' own (`api.py`), made by the kit that the router has too (`cti.routes`).
"""
