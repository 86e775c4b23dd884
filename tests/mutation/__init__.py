"""Small mistakes made in the routing core on purpose, to see whether any test notices them."""
