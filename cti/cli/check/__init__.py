"""`cti asterisk check`.

`run` knocks, logs in and looks (`manager`, `look`, `sip`), `rules`, `phones` and `reach` judge,
`words` says it, and `facts` is what they hand on.
"""
