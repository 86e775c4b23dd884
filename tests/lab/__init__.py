"""A real Asterisk on the machine of the tests, with phones and callers; built by `make lab`.

rootfs      the file system it runs in, from Debian packages
asterisk    LabAsterisk: one running instance, the shipped configuration included verbatim
sipp        Phones and Callers; scenarios says how they behave
ami, ear    a manager session and a caller's ear, to look at what happened
fixtures    for pytest: `lab`, `start_asterisk`
running     what is left of a test run that was killed is ended by the next one
"""
