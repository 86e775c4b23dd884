"""What is known about a call is told."""

from routing.call import Call
from routing.config import DataClass
from routing.core import Core
from routing.data import of_class
from routing.events import CallInformation


def tell_data(core: Core, call: Call, names: tuple[str, ...], by: str) -> None:
    """The data of the customer's call after these names have changed."""
    fields = core.config.call_data
    offer = core.offers.get(call.offer_id)
    core.emit(
        CallInformation(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=offer.agent_id if offer is not None else call.agent_id,
            changed=names,
            public_data=of_class(fields, call.data, DataClass.PUBLIC),
            personal_data=of_class(fields, call.data, DataClass.PERSONAL),
            secret_data=of_class(fields, call.data, DataClass.SECRET),
            by=by,
        )
    )
