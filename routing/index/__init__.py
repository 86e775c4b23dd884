"""Who may have which call, kept ready: needs, pools, bands of waiting calls, and who is chosen.

It knows agents, calls and queues as records, and nothing of commands, events or the core.
"""
