"""The naive engine of the routing core: the same commands, the same events, obvious code.

Written from the specification (issue 2, the docstrings of `routing.commands`, `.events`, `.config`
and `.transfers.messages`, `docs/transfers.md`, the scenarios and the essays above the state
tables), not from the engine. It keeps lists, looks at everything at every step and knows no index,
so it can be read against the specification in one sitting. The property tests hold the engine to
it, event for event.
"""
