"""The catalogue of what is said on the bus, written from the types: `python -m docs.catalogue`."""
