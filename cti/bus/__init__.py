"""What happens in the router, told to everyone else over MQTT.

`cloudevents` says an event in CloudEvents and CSTA words, `documents` says the state documents that
the broker retains, `outbox` what is still to be sent, `agenda` the order of both; `publisher` sends
it over a `link`, `mqtt` is one, and `broker` starts a broker where there is none. The broker
is not the record: that is `cti.record.event_log`, from which a publisher that fell behind goes on.
"""
