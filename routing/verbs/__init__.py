"""What several commands do: verbs that change the core and say so.

In the order of their imports. One agent, one call, one match: `breaks`, `shown`, `waiting`,
`decision`, `matching`. What becomes of them: `lines`, `agents`, `callbacks`, `conversation`,
`offers`, `calls`. A verb does what it says; whether it may is for the handler to see.
"""
