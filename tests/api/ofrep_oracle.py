# SPDX-License-Identifier: Apache-2.0
"""What OpenFeature's protocol must answer, from what was written and the references alone.

A world holds flags in the form each API writes them: core documents (typed flags), configurations
compiled from what the Management API shows (`items`), and documents of the admin API of either
family. People are OpenFeature contexts.
"""
import amplitude_oracle
import superflag_oracle
from superflag_oracle import KeyMissing, Subject, instant, is_active

OF_COHORTS = ("set contains any", "set does not contain any")
KEYED = (["context", "user", "user_id"], ["context", "user", "amplitude_id"])
BY_REASON = {"OFF": "DISABLED", "SCHEDULED_OUT": "DISABLED", "TARGETING_MATCH": "TARGETING_MATCH",
             "INCLUDED": "TARGETING_MATCH", "STICKY": "TARGETING_MATCH", "SPLIT": "SPLIT",
             "PREREQUISITE_FAILED": "DEFAULT", "NO_VARIATION": "DEFAULT"}


# ---- people --------------------------------------------------------------------------------------
def user_of(context, cohorts):
    """The user that a flat context speaks of."""
    attributes = {k: v for k, v in context.items() if k != "targetingKey" and v is not None}
    user = {**attributes, "user_properties": attributes}
    user.pop("user_id", None)
    key = context.get("targetingKey")
    if key:
        user = {"amplitude_id": key, **user, "user_id": key}
    device = attributes.get("device_id") or attributes.get("deviceId")
    if device:
        user["device_id"] = device
    known = [cohort for cohort, ids in cohorts.items() if key and key in ids]
    if known:
        user["cohort_ids"] = list(user.get("cohort_ids", [])) + known
    return user


def pointer(text):
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def outcomes_of(bucket):
    """What a bucket may end in."""
    outcomes = {bucket.get("otherwise")}
    for one in bucket["slices"]:
        if one["percent"]:
            is_even = not any(share["weight"] for share in one["variations"])
            outcomes.update(share.get("variation", bucket.get("otherwise"))
                            for share in one["variations"] if share["weight"] or is_even)
    return outcomes


# ---- flags that compare text ---------------------------------------------------------------------
class Person:
    """A context as flags that compare text see it."""

    def __init__(self, context, cohorts, now_ms, results):
        self.user, self.now_ms = user_of(context, cohorts), now_ms
        self.target = {"context": amplitude_oracle.context_of(self.user), "result": results}
        told = amplitude_oracle.context_of(user_of(context, {}))
        self.told = {"context": told, "result": results}

    def holds(self, expression):
        op = expression["op"]
        if op == "not":
            return not self.holds(expression["expression"])
        if op in ("all", "any"):
            return {"all": all, "any": any}[op](map(self.holds, expression["expressions"]))
        operator = expression["operator"].removeprefix("text ")
        # Cohorts the server keeps are looked into by the two operators cohorts are asked with.
        return amplitude_oracle.matches(
            {"op": operator, "values": expression["value"],
             "selector": pointer(expression["attribute"])},
            self.target if operator in OF_COHORTS else self.told)

    def subject(self, selector):
        text = amplitude_oracle.text_of(amplitude_oracle.select(self.target, selector))
        if not text and selector in KEYED:
            raise KeyMissing
        return text

    def deal(self, flag, bucket, slices):
        """`slices`: [(first percent, end, shares)]"""
        text = self.subject(pointer(bucket.get("bucketBy", flag["bucketBy"])))
        if not text:
            return bucket.get("otherwise")
        ticket = amplitude_oracle.murmur3(f"{bucket.get('salt', flag['salt'])}/{text}")
        for first, end, shares in slices:
            if first <= ticket % 100 < end:
                numbered = [(n, share["weight"]) for n, share in enumerate(shares)]
                for n, (start, stop) in amplitude_oracle.ranges(numbered):
                    if start <= ticket // 100 < stop:
                        return shares[n].get("variation", bucket.get("otherwise"))
        return bucket.get("otherwise")

    def serve(self, flag, serve):
        """(variation or None, whether it was dealt)"""
        if "variation" in serve:
            return serve["variation"], False
        if "bucket" in serve:
            bucket = serve["bucket"]
            outcomes = outcomes_of(bucket)
            if len(outcomes) == 1:  # nobody has to be looked at
                return outcomes.pop(), False
            steps = [(one["percent"], one["variations"]) for one in bucket["slices"]]
        else:
            bucket = serve["progressiveBucket"]
            return self.deal(flag, bucket, self._moved(bucket)), True
        slices, before = [], 0
        for percent, shares in steps:
            slices.append((before, before + percent, shares))
            before += percent
        return self.deal(flag, bucket, slices), True

    def _moved(self, bucket):
        """The end of each slice goes on a straight line, rounded down to whole percents."""
        start, end = instant(bucket["start"]), instant(bucket["end"])
        part, length = min(max(self.now_ms - start, 0), end - start), end - start
        slices, before, ends = [], 0, [0, 0]
        for one in bucket["slices"]:
            ends = [ends[0] + one["from"], ends[1] + one["to"]]
            stop = (ends[0] * length + (ends[1] - ends[0]) * part) // length
            slices.append((before, stop, one["variations"]))
            before = stop
        return slices

    def included(self, flag):
        """The variation that lists this person."""
        ids = {self.user.get("user_id"), self.user.get("device_id")} - {None}
        for variation in flag["variations"]:
            if ids & set(variation.get("included", ())) or \
                    set(self.user.get("cohort_ids", ())) & set(variation.get("cohorts", ())):
                return variation["id"]
        return None


def decide_text(flag, person, prerequisite):
    if not flag["enabled"]:
        return flag["offVariation"], "OFF"
    if not is_active(flag.get("schedule"), person.now_ms):
        return flag["offVariation"], "SCHEDULED_OUT"
    included = person.included(flag)
    if included is not None:
        return included, "INCLUDED"
    for wanted in flag.get("prerequisites", ()):
        served = prerequisite(wanted["flag"])
        if wanted["variations"] and served not in wanted["variations"]:
            return flag["offVariation"], "PREREQUISITE_FAILED"
    for rule in flag.get("rules", ()):
        if is_active(rule.get("schedule"), person.now_ms) and person.holds(rule["when"]):
            variation, was_dealt = person.serve(flag, rule["serve"])
            if variation is not None:
                return variation, "SPLIT" if was_dealt else "TARGETING_MATCH"
    variation, was_dealt = person.serve(flag, flag["fallthrough"])
    return variation, "SPLIT" if was_dealt else "FALLTHROUGH"


# ---- configurations compiled from the Management API ---------------------------------------------
_SEGMENT_REASONS = {"individual-inclusions": "INCLUDED", "flag-dependencies": "PREREQUISITE_FAILED",
                    "sticky-bucketing": "STICKY", "All Other Users": "FALLTHROUGH"}


def _item_holds(condition, person, prerequisite):
    if condition["selector"][0] == "result":  # parents are decided when they are looked at
        parent = condition["selector"][1]
        person.target["result"][parent] = {"key": prerequisite(parent)}
    return amplitude_oracle.matches(condition, person.target)


def decide_item(item, person, prerequisite):
    if item["segments"][0]["metadata"]["segmentName"] == "default":
        return "off", "OFF"
    for segment in item["segments"]:
        name, bucket = segment["metadata"]["segmentName"], segment.get("bucket")
        groups = segment.get("conditions")
        if groups is not None and not any(
                all(_item_holds(one, person, prerequisite) for one in group) for group in groups):
            continue
        if bucket:
            person.subject(bucket["selector"])
        variation = amplitude_oracle._bucket(segment, person.target)
        return variation, "SPLIT" if bucket else _SEGMENT_REASONS.get(name, "TARGETING_MATCH")
    raise AssertionError("the last segment is everybody's")


# ---- a world -------------------------------------------------------------------------------------
class World:
    """Flags of all three makes in one environment."""

    def __init__(self, cohorts=None, segments=None):
        self.cohorts, self.segments = cohorts or {}, segments or {}
        self.core, self.items, self.documents = {}, {}, {}
        self.deployments = {}  # of flags that are not on all

    def add_document(self, document):
        """As the admin API shows it."""
        key = document["key"]
        if "deployments" in document:
            self.deployments[key] = set(document["deployments"])
        if document["arithmetic"]["comparison"] == "text":
            self.documents[key] = document
        else:
            self.core[key] = {**document, "variations": {one["id"]: one for one in
                                                         document["variations"]}}

    def keys(self):
        return sorted([*self.core, *self.documents,
                       *(k for k, i in self.items.items() if i["metadata"]["deployed"])])

    def decide(self, key, context, now_ms):
        """(variation or None, reason), or KeyMissing."""
        person = Person(context, self.cohorts, now_ms, {})
        subject = Subject(context, self.segments, now_ms)

        def of(name):
            if name in self.core:
                return superflag_oracle.decide(name, self.core[name], subject,
                                               lambda parent: of(parent)[0])
            if name in self.documents:
                return decide_text(self.documents[name], person, lambda parent: of(parent)[0])
            return decide_item(self.items[name], person, lambda parent: of(parent)[0])

        return of(key)

    # -- in the protocol's words
    def _is_free(self, key):
        """Whether everybody gets the same without having been looked at."""
        if key in self.items:
            return len(self.items[key]["segments"]) == 1
        flag = self.core.get(key) or self.documents[key]
        listed = any(one.get("included") or one.get("cohorts") for one in
                     self.documents.get(key, {}).get("variations", ()))
        return not (flag.get("rules") or flag.get("prerequisites") or listed)

    def _variations(self, key):
        if key in self.core:
            return self.core[key]["variations"]
        if key in self.documents:
            return {one["id"]: one for one in self.documents[key]["variations"]}
        made = self.items[key]["variants"]
        return {name: {"value": name, **({"payload": one["payload"]} if "payload" in one else {})}
                for name, one in made.items()}

    def value(self, key, variation):
        """[] where the caller's default is meant."""
        all_of_them = self._variations(key)
        one = all_of_them[variation]
        is_named = key not in self.core and all(v["value"] == name
                                                for name, v in all_of_them.items())
        if not is_named:
            values = [v["value"] for v in all_of_them.values()]
            is_float = any(isinstance(v, float) and v != int(v) for v in values)
            return [float(one["value"]) if is_float else one["value"]]
        if any("payload" in v for v in all_of_them.values()):
            return [one["payload"]] if one.get("payload") is not None else []
        if "on" in all_of_them and set(all_of_them) <= {"on", "off"}:
            return [variation == "on"]
        return [] if variation == "off" else [variation]

    def metadata(self, key):
        found = (self.core.get(key) or self.documents.get(key) or {}).get("metadata", {})
        return {name: value for name, value in found.items()
                if isinstance(value, (str, int, float, bool))}

    def answer(self, key, context, now_ms):
        """The flag's part of a bulk answer."""
        answer = {"key": key, "metadata": self.metadata(key)}
        try:
            variation, reason = self.decide(key, context, now_ms)
        except KeyMissing:
            return {"key": key, "metadata": {}, "errorCode": "TARGETING_KEY_MISSING"}
        if variation is None:
            return {**answer, "variant": "", "reason": "DEFAULT"}
        said = BY_REASON.get(reason) or ("STATIC" if self._is_free(key) else "DEFAULT")
        answer.update(variant=variation, reason=said)
        if said != "DISABLED":
            for value in self.value(key, variation):
                answer["value"] = value
        return answer
