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
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

TAGS = re.compile(r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')
# Without these the run would go on as somebody else.
OWN = {"token": os.environ["FUZZ_OWN_TOKEN"], "user": os.environ["FUZZ_OWN_USER"]}

# Refusals of what a schema allows, by operation, place and reason. A rule belongs here when it
# compares members with each other, or with what there is.
BEYOND_SCHEMA = [tuple(re.compile(part) for part in rule) for rule in [
    ("", "", "^start must be before end"),
    ("", "", "^must reference a variation on this flag"),
    ("", "", "^is only for flags that compare text"),
    ("", "^/variations/", "^must match declared flag type"),
    ("", "^/expiresAt", "^must be an instant to come"),
    ("^(put|patch)", "^/key", "another one than the path names"),
    ("^createGroup$", "^/slots", "at most 100 percent together"),
    ("^putGroupMember$", "^/slots/", "^is no slot of this group"),
    ("^putGroupMember$", "^/slots$", "^must be a list of the group's slots"),
    ("^promote$", "^/(flags|segments)/", "^is not in the environment it should come from"),
    ("^importEnvironment$", "^/cohorts/", "^is there twice"),
    # Only boolean flags have variations by themselves.
    ("Flag$", "^/variations$", "^must be an array$"),
    ("", "^/experiment$", "^is only for experiments"),
    ("", "/operator$", "^is not one the flag compares with"),
    ("", "/segment$", "^must not be used by a flag that compares text"),
    ("", "^/prerequisites/", "^must reference an existing flag"),
    ("Flag$", "^/deployments", "^must be in ascending order"),
    # Described as objects: their deployments are labels here, and all else is a flag's.
    ("^importEnvironment$", "^/flags/", ""),
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


def is_spoilt(case, location):
    """Whether this is the part of the request that is wrong on purpose."""
    meta = case.meta
    if meta is None or meta.generation.mode.is_positive:
        return False
    if meta.phase.name == TestPhase.COVERAGE:
        return meta.phase.data.parameter_location == location
    return meta.is_negative_at(location)


def kind_of(value):
    return "object" if isinstance(value, (dict, list)) else type(value).__name__.replace("float", "int")


def is_typed(expression):
    """Which flags may use an expression; None: all."""
    text = json.dumps(expression)
    has_text, has_typed = '"operator": "text ' in text, re.search('"operator": "(?!text )|"op": "segment"', text)
    return "neither" if has_text and has_typed else True if has_typed else False if has_text else None


def mend(flag):
    """Makes the parts of a generated flag fit each other, so that it gets past the rules beyond."""
    variations = [one for one in flag.get("variations") or [] if isinstance(one, dict)]
    flag.pop("type", None)
    flag.pop("offVariation", None)
    if flag.get("kind") != "experiment":
        flag.pop("experiment", None)
    typed = "typed" in str(flag.get("arithmetic"))
    if typed:
        for name in ("bucketBy", "bucketingUnit", "salt"):
            flag.pop(name, None)
    flag.pop("prerequisites", None)
    flag.pop("deployments", None)
    if not variations:
        flag.pop("fallthrough", None)
        flag.pop("rules", None)
        return
    kind = kind_of(variations[0]["value"])
    unique = {one["id"]: one for one in variations if kind_of(one["value"]) == kind}
    flag["variations"] = list(unique.values())
    serve = {"variation": flag["variations"][0]["id"]}
    flag["fallthrough"] = serve
    flag["rules"] = [rule for rule in flag.get("rules") or [] if is_typed(rule["when"]) in (None, typed)]
    for place, rule in enumerate(flag["rules"]):
        rule.update(id=str(place), serve=serve)


def is_meant_well(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers and not is_spoilt(case, ParameterLocation.HEADER):
        # Its coverage phase fills these two in with `0`, whatever their schema says.
        for name, tag in (("If-Match", "*"), ("If-None-Match", '"0-0"')):
            if name in case.headers and not TAGS.fullmatch(str(case.headers[name])):
                case.headers[name] = tag
    if case.query and not is_spoilt(case, ParameterLocation.QUERY):
        # The server makes cursors, and refuses those of others.
        case.query.pop("cursor", None)
    made_up = case.meta is not None and case.meta.phase.name in (TestPhase.FUZZING, TestPhase.STATEFUL)
    if made_up and is_meant_well(case) and isinstance(case.body, dict) and case.path.endswith(("/flags", "/flags/{key}")):
        mend(case.body)
        case.body.pop("key", None) if case.method != "POST" else None
    for name, own in OWN.items():
        if case.method != "GET" and (case.path_parameters or {}).get(name) == own:
            case.path_parameters[name] = own + "x"


def is_beyond_schema(operation, response):
    try:
        problem = json.loads(response.content)
    except ValueError:
        return False
    if response.status_code != 400 or problem.get("code") != "invalid":
        return False
    found = problem.get("errors", [])
    return bool(found) and all(
        any(whose.search(operation) and where.search(one.get("pointer", "")) and what.search(one["detail"])
            for whose, where, what in BEYOND_SCHEMA) for one in found)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    operation = case.operation.definition.raw["operationId"]
    return not (isinstance(failure, RejectedPositiveData) and is_beyond_schema(operation, response))
