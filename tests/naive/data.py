"""The call data's part of the naive engine: looked up anew each time, nothing is kept sorted."""

from routing import commands as c
from routing import events as e
from routing.refusals import Refusal
from tests.naive.records import Call

CONTROL = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
HALVES = {chr(code) for code in range(0xD800, 0xE000)}


class Data:
    """What is known about a call."""

    def bring_data(self, call: Call, command: c.CallArrived) -> None:
        """The call has come with this."""
        call.caller_name, call.data = command.caller_name, self.admitted(command.data)
        if call.data:
            self.say_data(call, call.data, "")

    def admitted(self, values) -> dict[str, str]:
        """What may be taken of an arrival's; the rest is left out."""
        told = dict(values)
        return {
            name: told[name]
            for name in self.listed()
            if told.get(name) and self.is_fit(name, told[name])
        }

    def listed(self) -> list[str]:
        return [field.name for field in self.world.config.call_data]

    def is_fit(self, name: str, value: str) -> bool:
        if CONTROL & {*value} or HALVES & {*value} or "${" in value or "$[" in value:
            return False
        [longest] = [f.max_bytes for f in self.world.config.call_data if f.name == name]
        return len(bytes(value, "utf-8")) <= longest

    def class_of(self, name: str) -> str:
        found = [f.protection.value for f in self.world.config.call_data if f.name == name]
        return found[0] if found else "secret"

    def shown(self, call: Call, given: str) -> tuple[tuple[str, str], ...]:
        """In the order of the configuration, then what it lists no more."""
        owner = self.world.call(call.consult_for) if call.consult_for else call
        return tuple((n, v) for n, v in owner.data.items() if self.class_of(n) == given)

    def say_data(self, call: Call, names, by: str) -> None:
        offers = [offer for offer in self.world.offers if offer.call_id == call.call_id]
        self.out.append(
            e.CallInformation(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                agent_id=offers[0].agent_id if offers else call.agent_id,
                changed=tuple(names),
                public_data=self.shown(call, "public"),
                personal_data=self.shown(call, "personal"),
                secret_data=self.shown(call, "secret"),
                by=by,
            )
        )

    def associate_data(self, command: c.AssociateData) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        call = self.world.call(call.consult_for) if call.consult_for else call
        if any(name not in self.listed() for name, _ in command.values):
            return Refusal.UNKNOWN_DATA
        if any(not self.is_fit(name, value) for name, value in command.values):
            return Refusal.BAD_VALUE
        before = dict(call.data)
        after = {**before, **dict(command.values)}
        unlisted = [name for name in before if name not in self.listed()]
        call.data = {name: after[name] for name in self.listed() + unlisted if after.get(name)}
        names = [name for name in self.listed() if before.get(name) != call.data.get(name)]
        if names:
            self.say_data(call, names, command.by)
        return None
