"""The typed-route kit: a handler's signature says what may be asked, and the rest follows from it.

    @route("POST", "/v1/tickets/{ticket_id}/notes", needs="ticket.write", faults=(UNKNOWN,))
    async def add_note(self, asked: Asked[Person], ticket_id: Name, body: NoteIn) -> Note:
        '''Write a note.'''

    problem    what is answered when something is wrong: kinds, wrong fields, the document
    text       rules for texts, as annotations
    declare    the decorator, and a signature as a `Route`
    rules      the words of a field's rule
    reading    raw values as arguments: every wrong field at once, with its path and rule
    document   the OpenAPI 3.1 document of some routes
    once       a repeated key acts once
    serving    the thin part: routes for aiohttp, which is imported there only

A parameter whose name stands in the path is read from the path, `body` from the JSON body, every
other from the query. A program brings its guard: who asks, and may they? (`serving.Guard`)
"""
