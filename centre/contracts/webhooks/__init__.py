"""Events to other people's servers: signed, tried again, never into our own network."""
