"""Who may have which call, kept ready: needs, pools, bands of waiting calls, and who is chosen."""
