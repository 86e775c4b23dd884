"""What several commands do: verbs that change the core and say so, in the order of their imports.

`breaks`, `shown`, `standing`, `decision`, `matching`: one agent, one call, one match. `lines`,
`agents`, `callbacks`, `conversation`, `offers`, `calls`: what becomes of them. Whether it may be
done has been looked at by the handler that calls it.
"""
