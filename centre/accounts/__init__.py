"""How people sign in, and what they may do.

model       rows, what is sent, rights with their words
roles.toml  roles, and pairs of rights that nobody holds together
roles       that file as data, checked
rules       how long to wait, when a session ends, what a password must be
secrets     argon2 in bounded threads, one-time passwords, tokens
totp        the second factor (RFC 6238)
rows        tables and their queries
sessions    signing in and out, who asks
api         operations, each with its right
"""
