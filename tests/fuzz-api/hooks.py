# SPDX-License-Identifier: Apache-2.0
"""What schemathesis has to be told about this API.

Requests are kept from ending the run, and the rules that no JSON Schema can say are listed one by
one. Nothing else that the server answers against its description is let pass.
"""
import json
import os
import re

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

TAGS = re.compile(r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')
# Without these the run would go on as somebody else.
OWN = {"token": os.environ["FUZZ_OWN_TOKEN"], "user": os.environ["FUZZ_OWN_USER"]}

# (where, what): refusals of what a schema allows. A rule belongs here when it compares two members,
# or a member with what there is.
BEYOND_SCHEMA = [(re.compile(where), re.compile(what)) for where, what in [
    ("", "^start must be before end"),
    ("/key", "another one than the path names"),
    ("/slots", "at most 100 percent together"),
    ("/expiresAt", "^must be an instant to come"),
    ("from|to", "^is no instant|^is later than"),
]]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """An event is an object of its fields to schemathesis; ours carry JSON as their data."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            content = operation["responses"]["200"].get("content", {}) if "responses" in operation else {}
            if "text/event-stream" in content:
                content["text/event-stream"] = {"itemSchema": {
                    "type": "object", "required": ["data"],
                    "properties": {"data": {"type": "string", "minLength": 2}, "id": {"type": "string"},
                                   "event": {"type": "string"}, "retry": {"type": "integer"}}}}


def is_negative(case, location):
    return case.meta is not None and case.meta.is_negative_at(location)


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    if case.headers and not is_negative(case, ParameterLocation.HEADER):
        # Its coverage phase takes no account of what is known of these two headers.
        for name in ("If-Match", "If-None-Match"):
            if name in case.headers and not TAGS.fullmatch(str(case.headers[name])):
                case.headers[name] = "*" if name == "If-Match" else '"0-0"'
    if case.query and "cursor" in case.query and not is_negative(case, ParameterLocation.QUERY):
        # A cursor is made by the server, or it is refused.
        case.query.pop("cursor")
    for name, own in OWN.items():
        if operation.startswith(("revoke", "delete", "edit")) and (case.path_parameters or {}).get(name) == own:
            case.path_parameters[name] = own + "x"


def is_beyond_schema(response):
    try:
        problem = json.loads(response.content)
    except ValueError:
        return False
    if response.status_code != 400 or problem.get("code") != "invalid":
        return False
    found = problem.get("errors", [])
    return bool(found) and all(
        any(where.search(one.get("pointer", one.get("parameter", ""))) and what.search(one["detail"])
            for where, what in BEYOND_SCHEMA) for one in found)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not (isinstance(failure, RejectedPositiveData) and is_beyond_schema(response))
