"""Handing a customer over: the messages, the record and its states, and the verbs.

`messages` and `transfer` stand low (commands, events and the core name them); `telling`, `seeking`
and `handover` are verbs; `invariants` says what must hold. The commands are in `handlers`.
"""
