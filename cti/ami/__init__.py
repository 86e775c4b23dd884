"""The Asterisk Manager Interface: codecs, the table of a link's life, and an asyncio client.

    errors, messages, text      pure  what is said, and what can go wrong
    protocol, encoder           pure  bytes to messages and back, both roles
    login                       pure  the states of a link, and when to try again
    open_actions                pure  actions that wait for their answer
    wire                        one TCP connection
    exchange, handshake, silence   what goes over it: actions, the login, pings
    client                      `AmiClient`, the whole

Import from the modules. Whoever plays Asterisk uses the pure ones only.
"""
