"""A simulated Asterisk: its channels, its dialplan and its two borders, AMI and FastAGI.

world.py dialling.py dialplan.py     what happens inside; pure, on the scheduler port
actions.py sessions.py               AMI as its users see it; pure
faults.py                            what goes wrong, drawn from a seed; pure
asterisk.py                          the parts joined: one simulated Asterisk
link.py                              met at the message port, in one thread
ami_server.py agi_client.py          met over sockets
"""
