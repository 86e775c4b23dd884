"""A reader's validator: a message against docs/events/schemas.json, no less and no more."""

from pathlib import Path

import msgspec
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[3]
SCHEMAS = msgspec.json.decode((ROOT / "docs" / "events" / "schemas.json").read_bytes())
ANY = Draft7Validator(SCHEMAS)


def problems(event):
    """What the validator says of a message, and the fields that its schema does not know."""
    name = event["type"]
    known = SCHEMAS["definitions"]
    if name not in known:
        return [f"{name} is not in the catalogue"]
    one = Draft7Validator({**SCHEMAS, "oneOf": [{"$ref": f"#/definitions/{name}"}]})
    found = [error.message for error in one.iter_errors(event)]
    data = known[name]["allOf"][1]["properties"]["data"]["$ref"].split("/")[-1]
    unknown = set(event["data"]) - set(known[data]["properties"])
    unknown |= set(event) - set(known["CloudEvent"]["properties"])
    return found + sorted(unknown)
