"""Teams, and the people who work in them. Who of them may do what is the business of accounts.

model   structs: rows, and what is asked for
rules   what must hold, without a database
rows    tables and their queries
api     operations, each with its right
importing   people from a table
"""
