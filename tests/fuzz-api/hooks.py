# SPDX-License-Identifier: Apache-2.0
"""What schemathesis has to be told about this API.

Requests are pointed at what is there and kept from ending the run, and the rules that no JSON Schema
can say are listed one by one. Nothing else that the server answers against its description is let pass.
"""
import json
import os
import re

import schemathesis
from mend import MENDED, THERE
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
    ("^putGroupMember$", "^/slots", "^is no slot of this group|^must be a list of the group's slots|^is only for mutual"),
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


def known(case):
    """{path parameter: values that fuzz.py says exist}."""
    path, found = case.operation.path.replace("{", "."), {}
    for where, parameter, values in THERE:
        location, name = parameter.split(".")
        if location == "path" and name in (case.path_parameters or {}) and re.search(where, path):
            found.setdefault(name, [str(one) for one in values])
    return found


def place(case):
    """The coverage phase varies one part of a request and leaves the others at their simplest: that
    would be an object that is not there, under a condition that no schema allows."""
    if case.meta.phase.data.parameter_location != ParameterLocation.PATH:
        for name, values in known(case).items():
            case.path_parameters[name] = values[0]
    if not is_spoilt(case, ParameterLocation.HEADER):
        if not TAGS.fullmatch(str(case.headers.get("If-Match", "*"))):
            del case.headers["If-Match"]
        if case.method == "PUT":
            case.headers.pop("If-None-Match", None)


def keep(case):
    """What is there stays there for the others; what a run makes it may delete."""
    values, is_stateful = known(case), case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL
    if case.method == "DELETE" and is_stateful:
        # A dry run would be taken for a deletion.
        case.query.pop("dryRun", None)
    if case.method == "DELETE" and values and all(case.path_parameters[name] in those for name, those in values.items()):
        if is_stateful:
            case.path_parameters.update({name: those[0] + "x" for name, those in values.items()})
        else:
            case.query["dryRun"] = "true"
    for name, own in OWN.items():
        if case.method != "GET" and (case.path_parameters or {}).get(name) == own:
            case.path_parameters[name] = own + "x"


@schemathesis.hook
def before_call(context, case, kwargs):
    operation, phase = case.operation.definition.raw["operationId"], case.meta and case.meta.phase.name
    if phase == TestPhase.COVERAGE:
        place(case)
    if case.query and not is_spoilt(case, ParameterLocation.QUERY):
        # The server makes cursors, and refuses those of others.
        case.query.pop("cursor", None)
    if operation in MENDED and case.meta is not None and case.meta.generation.mode.is_positive:
        MENDED[operation](case.body)
        if operation.startswith(("put", "patch")):
            case.body.pop("key", None)
    keep(case)


def is_beyond_schema(operation, response):
    try:
        problem = json.loads(response.content)
    except ValueError:
        return False
    if problem.get("errorCode") == "TARGETING_KEY_MISSING":
        return response.status_code == 400  # the flag that is there deals people
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
