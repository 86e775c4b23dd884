"""Roles and forbidden pairs, read from `roles.toml` and held to the rights that there are."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from centre.contracts.rights import Pairs, clash

FILE: Final = Path(__file__).with_name("roles.toml")


class RolesError(ValueError):
    """The file of roles contradicts itself; `str()` names the role and the rule."""


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, with its name in both languages."""

    zh: str
    en: str
    rights: frozenset[str]


class _Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rights: tuple[str, str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roles: dict[str, Role]
    forbidden: tuple[_Pair, ...]


class Roles(msgspec.Struct, frozen=True):
    """All of them."""

    roles: dict[str, Role]
    forbidden: Pairs

    def rights_of(self, names: Collection[str]) -> frozenset[str]:
        """What these roles have together; one that is gone has nothing."""
        return frozenset().union(*(self.roles[n].rights for n in names if n in self.roles))


def read_roles(known: Collection[str], text: str | None = None) -> Roles:
    """The roles of the file. Raises RolesError for a right that no module has, and for a role that
    nobody could be given.
    """
    try:
        raw = FILE.read_text(encoding="utf-8") if text is None else text
        found = msgspec.toml.decode(raw, type=_File)
    except msgspec.ValidationError as error:
        raise RolesError(f"roles: {error}") from error
    pairs = tuple(each.rights for each in found.forbidden)
    named = {right for pair in pairs for right in pair}
    if strange := sorted(named - set(known)):
        raise RolesError(f"forbidden: there is no right {strange[0]}")
    for name, role in found.roles.items():
        if strange := sorted(role.rights - set(known)):
            raise RolesError(f"roles.{name}: there is no right {strange[0]}")
        if (pair := clash(role.rights, pairs)) is not None:
            raise RolesError(f"roles.{name}: has both {pair[0]} and {pair[1]}")
    return Roles(found.roles, pairs)
