"""What must hold of people, decided without a database."""

from centre.contracts.rights import Place, Principal
from centre.people.model import Member


def may_move(who: Principal, before: Member, after: Place) -> bool:
    """Whether they may put somebody there: one needs the right where a person is, and where they
    come to. Else a leader could take anybody into their own team, or give anybody away.
    """
    return who.may("people.write", before.place) and who.may("people.write", after)


def may_disable(who: Principal, whom: Member) -> bool:
    """Nobody disables themselves: the last administrator would lock everybody out."""
    return who.may("people.disable", whom.place) and who.person != whom.id
