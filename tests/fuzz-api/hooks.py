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
    foreign = '"operator": "text ' if is_typed else '"operator": "(?!text )'
    return re.search(foreign + '|"op": "segment"', text) is None


def mend_times(holder):
    """A start is before an end."""
    if holder.get("start") and holder.get("end"):
        holder["start"], holder["end"] = "2027-01-31T12:00:00Z", "2028-02-29T24:00:00+02:30"


def mend_shares(holder, variation):
    """Shares of one slice are those of one variation."""
    for name, value in holder.items():
        if name in ("variation", "otherwise"):
            holder[name] = variation
        elif isinstance(value, dict):
            mend_shares(value, variation)
        elif name in ("variations", "slices"):
            holder[name] = value[:1]
            for one in holder[name]:
                mend_shares(one, variation)
    mend_times(holder)
    if "from" in holder and isinstance(holder["from"], dict):
        holder["to"] = holder["from"]


def mend_serve(serve, variation, is_typed):
    family = ("rollout", "progressive") if is_typed else ("bucket", "progressiveBucket")
    if not any(serve.get(name) for name in family):
        return {"variation": variation}
    mend_shares(serve, variation)
    return serve


def mend_flag(flag):
    """Takes out of a flag, or replaces, what does not fit the rest of it: most of them then get past
    the rules beyond, and there is something to ask about."""
    is_typed = "typed" in str(flag.get("arithmetic"))
    unwanted = ["type", "offVariation", "prerequisites", "deployments"]
    unwanted += [] if flag.get("kind") == "experiment" else ["experiment"]
    unwanted += ["bucketBy", "bucketingUnit", "salt"] if is_typed else []
    if flag.get("kind") in ("mutex", "holdout"):
        unwanted += ["kind"]
    for name in unwanted:
        flag.pop(name, None)
    serve = flag.pop("fallthrough", None) or {}
    rules = [rule for rule in flag.pop("rules", None) or [] if fits(rule["when"], is_typed)]
    variations = flag.get("variations") or []
    same_kind = {one["id"]: one for one in variations if kind_of(one["value"]) == kind_of(variations[0]["value"])}
    if same_kind:
        first = variations[0]["id"]
        flag["variations"] = list(same_kind.values())
        flag["fallthrough"] = mend_serve(serve, first, is_typed)
        flag["rules"] = [{**rule, "id": str(place), "serve": mend_serve(rule["serve"], first, is_typed)}
                         for place, rule in enumerate(rules)]
    for variation in flag.get("variations") or []:
        if is_typed:
            variation.pop("included", None), variation.pop("cohorts", None)
    for holder in [flag, *(flag.get("rules") or [])]:
        mend_times(holder.get("schedule") or {})


def mend_segment(segment):
    segment["rules"] = [rule for rule in segment.get("rules") or [] if fits(rule, True)]
    mend_times(segment.get("schedule") or {})


MENDED = {"createFlag": mend_flag, "putFlag": mend_flag, "patchFlag": mend_flag,
          "createSegment": mend_segment, "putSegment": mend_segment, "patchSegment": mend_segment}


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
    operation = case.operation.definition.raw["operationId"]
    if operation in MENDED and case.meta is not None and case.meta.generation.mode.is_positive:
        MENDED[operation](case.body)
        if not operation.startswith("create"):
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
