"""Are the agents' phones known to that Asterisk, and can they register? Pure."""

from cti.cli.check.facts import Expected, Facts, Phone, Verdict
from cti.cli.check.words import lacking, listed


def endpoints(facts: Facts, expected: Expected) -> Verdict:
    """Each agent's `device` is an endpoint, and the AORs that it names are there."""
    if expected.devices and not facts.phones:
        return Verdict("endpoints", ("无法查看", "cannot be seen"), "load")
    elsewhere = [device for device in expected.devices if not _phone(facts, device).exists]
    # With several Asterisks a phone need not be at each; the router says which are at none.
    absent = elsewhere if expected.is_only_one else []
    absent += [
        f"aor {aor} ({device})"
        for device in expected.devices
        for aor in _phone(facts, device).missing_aors
    ]
    absent += [
        f"aors ({device})"
        for device in expected.devices
        if _phone(facts, device).exists and not _phone(facts, device).aors
    ]
    if absent:
        return Verdict("endpoints", lacking(absent), "endpoints")
    count = len(expected.devices) - len(elsewhere)
    chinese, english = f"{count} 个", f"{count} known"
    if elsewhere:
        names = listed(elsewhere)
        chinese, english = f"{chinese}，不在此处 {names}", f"{english}, not here: {names}"
    return Verdict("endpoints", (chinese, english))


def auth(facts: Facts, expected: Expected) -> Verdict:
    """Who registers has to prove it, and Asterisk has something to hold the proof against."""
    open_ = [
        device
        for device in expected.devices
        if _phone(facts, device).takes_registrations and not _phone(facts, device).auth
    ]
    if open_:
        named = listed(open_)
        return Verdict("auth", (f"无密码即可注册 {named}", f"no auth: {named}"), "no auth")
    guarded = [device for device in expected.devices if _phone(facts, device).auth]
    if not guarded:
        return Verdict("auth", ("没有可注册的话机", "no phone registers"))
    if not expected.sip_port:
        return Verdict("auth", ("未检查（sip_port = 0）", "not looked at (sip_port = 0)"))
    if facts.broken_auth is None:
        silent = (f"UDP {expected.sip_port} 上无 SIP 应答", f"no SIP on UDP {expected.sip_port}")
        return Verdict("auth", silent, "sip port")
    broken = [
        f"{'/'.join(_phone(facts, device).auth)} ({device})"
        for device in guarded
        if device in facts.broken_auth
    ]
    if broken:
        return Verdict("auth", lacking(broken), "auth section")
    return Verdict("auth", (f"{len(guarded)} 个话机有密码", f"{len(guarded)} phones have one"))


def acts(facts: Facts, expected: Expected) -> Verdict:
    """What an agent's phone does by itself is followed, but it is not the router's decision."""
    named = [
        f"{', '.join(_phone(facts, device).acts)} ({device})"
        for device in expected.devices
        if _phone(facts, device).acts
    ]
    if named:
        free = listed(named)
        return Verdict("phone acts", (f"话机可自行转移来电 {free}", f"on: {free}"), "phone acts")
    return Verdict("phone acts", ("已关闭", "off"))


def dialplan_acts(facts: Facts) -> Verdict:
    """Nor is what the operator's dialplan lets people do with a caller."""
    if facts.dialplan_acts is None:
        return Verdict("dialplan acts", ("拨号方案过长，未查看", "too long to be looked through"))
    named = [f"{act} ({where})" for act, where in sorted(facts.dialplan_acts.items())]
    if named:
        free = listed(named)
        return Verdict("dialplan acts", (f"允许 {free}", f"on: {free}"), "dialplan acts")
    return Verdict("dialplan acts", ("已关闭", "off"))


def _phone(facts: Facts, device: str) -> Phone:
    return facts.phones.get(device, Phone(exists=False))
