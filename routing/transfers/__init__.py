"""Handing a customer over: the messages, the search for a target, the states, what must hold."""
