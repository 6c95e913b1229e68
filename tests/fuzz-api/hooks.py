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
    # Documents of flags and segments, wherever they come from.
    ("", "", "^must reference |^must read the result of a prerequisite|^must be the number of a deployment"),
    ("", "", "^must be unique within |^must be in ascending order|^must not be listed beside all of them"),
    ("", "", "^start must be before end|^from and to must use the same|^(percents|weights) must total at most"),
    ("", "", "^is only for (experiments|flags that compare text)|^must not be used by a flag that compares text"),
    ("", "", "^is not one the flag compares with|^does not go with the flag's hash"),
    ("", "", "^must be a (number|version) for this operator"),
    ("", "^/variations/", "^must match declared flag type"),
    ("", "", "^must be (empty for a group|holdout, on and off|slot-1 to |one bucket|off$)"),
    # Only boolean flags have variations by themselves.
    ("Flag$", "^/variations$", "^must be an array$"),
    ("^patchFlag$", "^/arithmetic", "^must be a hash and a comparison that go together"),
    ("^(put|patch)", "^/key", "another one than the path names"),
    # Everything else.
    ("^createToken$", "^/expiresAt", "^must be an instant to come"),
    ("^createGroup$", "^/slots", "at most 100 percent together"),
    ("^putGroupMember$", "^/slots", "^is no slot of this group|^must be a list of the group's slots"),
    ("^promote$", "^/(flags|segments)/", "^is not in the environment it should come from"),
    ("^importEnvironment$", "^/cohorts/", "^is there twice"),
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
    if isinstance(value, (dict, list)):
        return "object"
    return "number" if type(value) in (int, float) else type(value).__name__


def fits(expression, is_typed):
    """Whether a flag that compares this way may use all of an expression."""
    text = json.dumps(expression)
    foreign = '"operator": "text ' if is_typed else '"operator": "(?!text )|"op": "segment"'
    return re.search(foreign, text) is None


def mend(flag):
    """Takes out of a flag, or replaces, what does not fit the rest of it: most of them then get past
    the rules beyond, and there is something to ask about."""
    is_typed = "typed" in str(flag.get("arithmetic"))
    unwanted = ["type", "offVariation", "prerequisites", "deployments", "fallthrough"]
    unwanted += [] if flag.get("kind") == "experiment" else ["experiment"]
    unwanted += ["bucketBy", "bucketingUnit", "salt"] if is_typed else []
    rules = [rule for rule in flag.pop("rules", None) or [] if fits(rule["when"], is_typed)]
    for name in unwanted:
        flag.pop(name, None)
    variations = flag.get("variations") or []
    same_kind = {one["id"]: one for one in variations if kind_of(one["value"]) == kind_of(variations[0]["value"])}
    if same_kind:
        flag["variations"] = list(same_kind.values())
        flag["fallthrough"] = {"variation": variations[0]["id"]}
        flag["rules"] = [{**rule, "id": str(place), "serve": flag["fallthrough"]} for place, rule in enumerate(rules)]


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
    for name, own in OWN.items():
        if case.method != "GET" and (case.path_parameters or {}).get(name) == own:
            case.path_parameters[name] = own + "x"
    meta, operation = case.meta, case.operation.definition.raw["operationId"]
    is_made_up = meta is not None and meta.phase.name in (TestPhase.FUZZING, TestPhase.STATEFUL)
    if is_made_up and meta.generation.mode.is_positive and operation in ("createFlag", "putFlag", "patchFlag"):
        mend(case.body)
        if operation != "createFlag":
            case.body.pop("key", None)


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
