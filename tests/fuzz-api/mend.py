# SPDX-License-Identifier: Apache-2.0
"""Bodies that are right by their schema, made right by the rules beyond it.

What does not fit the rest of a document is taken out or replaced, as little as will do, so that most
generated documents are taken and there is something on the server to ask about.
"""
import json
import os
import re

# What fuzz.py put on the server: [where in a path, "location.parameter", values].
THERE = json.loads(os.environ["FUZZ_THERE"])


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
        flag["variations"], flag["offVariation"] = list(same_kind.values()), first
        flag["fallthrough"] = mend_serve(serve, first, is_typed)
        flag["rules"] = [{**rule, "id": str(place), "serve": mend_serve(rule["serve"], first, is_typed)}
                         for place, rule in enumerate(rules)]
    for variation in flag.get("variations") or []:
        for name in ("included", "cohorts") if is_typed else ():
            variation.pop(name, None)
    for holder in [flag, *(flag.get("rules") or [])]:
        mend_times(holder.get("schedule") or {})


def mend_segment(segment):
    segment["rules"] = [rule for rule in segment.get("rules") or [] if fits(rule, True)]
    mend_times(segment.get("schedule") or {})


def there(name):
    """The first object of a kind that fuzz.py made."""
    return next(values[0] for where, _, values in THERE if where.endswith(name))


def mend_flag_patch(patch):
    mend_flag(patch)
    if patch.get("variations"):
        patch["type"] = None
    if "arithmetic" in patch:
        patch["arithmetic"] = None


def mend_version(reference):
    reference["version"] %= 16


def mend_promotion(promotion):
    promotion.update({"from": there(".environment"), "flags": [there("/flags/.key")], "segments": [there("/segments/.key")]})


def mend_import(environment):
    environment["flags"] = []
    environment["cohorts"] = (environment.get("cohorts") or [])[:1]
    for segment in environment.get("segments") or []:
        mend_segment(segment)


def mend_token(token):
    for name, value in (("environments", [there(".environment")]), ("app", there(".app")), ("user", there(".user"))):
        if name in token:
            token[name] = value
    token.pop("expiresAt", None)


MENDED = {"createFlag": mend_flag, "putFlag": mend_flag, "patchFlag": mend_flag_patch,
          "restoreFlag": mend_version, "restoreSegment": mend_version, "restoreEnvironment": mend_version,
          "createSegment": mend_segment, "putSegment": mend_segment, "patchSegment": mend_segment,
          "promote": mend_promotion, "importEnvironment": mend_import, "createToken": mend_token,
          "putGroupMember": lambda membership: membership.update(slots=[1])}
