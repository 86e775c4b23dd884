"""The Asterisk Gateway Interface over TCP (FastAGI): a codec for both roles and an asyncio server.

    errors, messages            pure  what is said, and what can go wrong
    session_table               pure  the states of a conversation
    protocol                    pure  bytes to messages and back, both roles
    tokens                      pure  how a call proves that the dialplan sent it
    server                      `AgiServer`, the whole

Import from the modules. Whoever plays Asterisk uses the pure ones only.
"""
