"""HTTP: the control socket for the `cti` command, and a port for metrics and probes.

`control` and `probes` are the two applications, `servers` opens them, `sockets` holds the unix
socket, `answers` is what is answered. Nothing is imported here, so that the `cti` command, which
needs the answers only, starts without a web server.
"""
