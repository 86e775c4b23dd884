"""What happens in the router, told to everyone else over MQTT.

`documents` says the state documents that
the broker retains, `agenda` the order of both; `publisher` sends them over a `link`, `mqtt` is one,
and `broker` starts a broker where there is none. What happens comes in by a subscription to the
record (`cti.record.subscription`). The broker is not the record: that is `cti.record.event_log`,
from which a publisher that fell behind goes on.
"""
