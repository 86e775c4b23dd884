"""What must hold of people, decided without a database."""

from centre.contracts.rights import Place, Principal


def may_move(who: Principal, before: Place, after: Place) -> bool:
    """Whether they may put somebody there: one needs the right where a person is, and where they
    come to. Else a leader could take anybody into their own team, or give anybody away.
    """
    return who.may("people.write", before) and who.may("people.write", after)


def may_disable(who: Principal, whom: Place) -> bool:
    """Nobody disables themselves: the last administrator would lock everybody out."""
    return who.may("people.disable", whom) and who.person != whom.person
