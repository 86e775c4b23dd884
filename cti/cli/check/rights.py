"""Has each manager user what it needs, and nothing more? From what was tried to verdicts. Pure."""

from collections.abc import Collection

from cti.cli.check.facts import CLASS_OF, ROUTER, User, Verdict
from cti.cli.check.words import lacking


def too_few(allowed: Collection[str]) -> Verdict:
    """Of the router's user."""
    missing = _missing(ROUTER, allowed)
    if missing:
        return Verdict("rights needed", lacking(missing), "template")
    return Verdict("rights needed", ", ".join(ROUTER.needs))


def too_many(allowed: Collection[str]) -> Verdict:
    """Of the router's user."""
    classes = _surplus(ROUTER, allowed)
    if classes:
        return Verdict("rights too many", f"write = {','.join(classes)}", "take out")
    return Verdict("rights too many", ("无", "none"))


def others(check: str, user: User, allowed: Collection[str] | None) -> Verdict:
    """Of another user, both in one."""
    if allowed is None:
        return Verdict(check, ("未使用", "not used"))
    missing, surplus = _missing(user, allowed), _surplus(user, allowed)
    template = (("template", user.template), ("classes", ",".join(sorted(user.classes))))
    if missing:
        return Verdict(check, lacking(missing), "rights of template", template)
    if surplus:
        return Verdict(check, f"write = {','.join(surplus)}", "rights of template", template)
    return Verdict(check, f"write = {','.join(sorted(user.classes))}")


def _missing(user: User, allowed: Collection[str]) -> list[str]:
    return [name for name in user.needs if name not in allowed]


def _surplus(user: User, allowed: Collection[str]) -> list[str]:
    return sorted({
        name for each, name in CLASS_OF.items() if each in allowed and name not in user.classes
    })  # fmt: skip
