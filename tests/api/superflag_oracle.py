# SPDX-License-Identifier: Apache-2.0
"""Typed flags once more, from the written algorithm alone (core documents, schema version 1).

Decides flags of a core document. It shares nothing with the server but the specification; hashes
apart, which stand here, only the way JavaScript writes numbers is borrowed from the other oracle.
"""
import datetime
import re

from amplitude_oracle import number_text

MISSING = object()
TICKETS = 100000


class KeyMissing(Exception):
    """Somebody has to be dealt who has no key."""


# ---- values --------------------------------------------------------------------------------------
def fnv1a(text):
    """FNV-1a over UTF-16 code units, a whole unit at a time."""
    units, h = text.encode("utf-16-le", "surrogatepass"), 0x811C9DC5
    for at in range(0, len(units), 2):
        h = (h ^ int.from_bytes(units[at:at + 2], "little")) * 0x01000193 & 0xffffffff
    return h


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(a, b):
    """Deep JSON equality: no coercion, objects unordered."""
    if is_number(a) and is_number(b):
        return float(a) == float(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)
    return a == b


def read(context, path):
    """The attribute of a flat context: {"targetingKey": ..., attributes beside it}."""
    if path == "targetingKey":
        key = context.get("targetingKey")
        return key if isinstance(key, str) and key else MISSING
    path = path.removeprefix("attributes.")
    found = {name: value for name, value in context.items() if name != "targetingKey"}
    for step in path.split("."):
        if not isinstance(found, dict) or step not in found:
            return MISSING
        found = found[step]
    return found


_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d))?")


def instant(text):
    """Milliseconds since 1970, or None: instants and dates."""
    found = _INSTANT.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    numbers = [int(n or 0) for n in (month, day, hour, minute, second)]
    if not (1 <= numbers[0] <= 12 and 1 <= numbers[1] <= 31 and max(numbers[3:]) < 60):
        return None
    if numbers[2] > 24 or numbers[2] == 24 and (any(numbers[3:]) or int(fraction or 0)):
        return None
    if int(year) == 0:
        return None
    made = datetime.datetime(int(year), numbers[0], 1, tzinfo=datetime.timezone.utc)
    made += datetime.timedelta(days=numbers[1] - 1, hours=numbers[2], minutes=numbers[3],
                               seconds=numbers[4])
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    ms = (made - epoch) // datetime.timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])
    if zone and zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60000
        ms -= offset if zone[0] == "+" else -offset
    return ms


def is_active(schedule, now_ms):
    if not schedule:
        return True
    start, end = schedule.get("start"), schedule.get("end")
    return (start is None or now_ms >= instant(start)) and (end is None or now_ms < instant(end))


_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def semver(text):
    found = _SEMVER.fullmatch(text.strip())
    if not found:
        return None
    parts = found.group(4).split(".") if found.group(4) else None
    ranks = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts] if parts else []
    return tuple(map(int, found.groups()[:3])), parts is None, ranks


# ---- operators -----------------------------------------------------------------------------------
_NUMERIC = {"gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b,
            "lte": lambda a, b: a <= b}
_TEXTUAL = {"contains": lambda a, b: b in a, "startsWith": str.startswith, "endsWith": str.endswith,
            "matches": lambda a, b: re.search(b, a) is not None}
_IN_TIME = {"before": lambda a, b: a < b, "after": lambda a, b: a > b}
_OF_VERSIONS = {"semverEq": lambda a, b: a == b, "semverGt": lambda a, b: a > b,
                "semverGte": lambda a, b: a >= b, "semverLt": lambda a, b: a < b,
                "semverLte": lambda a, b: a <= b}
OPERATORS = ["eq", "neq", "in", "notIn", "exists", *_NUMERIC, *_TEXTUAL, *_IN_TIME, *_OF_VERSIONS]


def _list(value):
    return value if isinstance(value, list) else [value]


def compare(operator, a, e):
    if operator == "exists":
        return a is not MISSING
    if a is MISSING:
        return False
    if operator in ("eq", "neq"):
        return equal(a, e) == (operator == "eq")
    if operator in ("in", "notIn"):
        return any(equal(x, y) for x in _list(a) for y in _list(e)) == (operator == "in")
    if operator in _NUMERIC:
        return is_number(a) and is_number(e) and _NUMERIC[operator](a, e)
    if not isinstance(a, str) or not isinstance(e, str):
        return False
    if operator in _TEXTUAL:
        return _TEXTUAL[operator](a, e)
    parse, order = (instant, _IN_TIME) if operator in _IN_TIME else (semver, _OF_VERSIONS)
    mine, theirs = parse(a), parse(e)
    return mine is not None and theirs is not None and order[operator](mine, theirs)


# ---- expressions and segments --------------------------------------------------------------------
class Subject:
    """A context at a moment, among these segments."""

    def __init__(self, context, segments, now_ms):
        self.context, self.segments, self.now_ms = context, segments, now_ms

    def holds(self, expression, path=()):
        op = expression["op"]
        if op in ("all", "any"):
            held = (self.holds(one, path) for one in expression["expressions"])
            return all(held) if op == "all" else any(held)
        if op == "not":
            return not self.holds(expression["expression"], path)
        if op == "segment":
            return self.is_in(expression["segment"], path) != bool(expression.get("negate"))
        return compare(expression["operator"], read(self.context, expression["attribute"]),
                       expression.get("value"))

    def is_in(self, name, path):
        segment = self.segments.get(name)
        if name in path or segment is None or not is_active(segment.get("schedule"), self.now_ms):
            return False
        key = read(self.context, "targetingKey")
        if key in segment.get("excluded", ()):
            return False
        return key in segment.get("included", ()) or \
            any(self.holds(rule, path + (name,)) for rule in segment.get("rules", ()))

    # -- serves
    def _deal(self, flag_key, weights, split):
        by = split.get("bucketBy", "targetingKey")
        value = read(self.context, by)
        if value is MISSING and by == "targetingKey":
            raise KeyMissing
        if not isinstance(value, str) and not is_number(value):
            return None
        text = value if isinstance(value, str) else number_text(value)
        bucket, before = fnv1a(f"{flag_key}:{split.get('salt', '')}:{text}") % TICKETS, 0
        for variation, weight in weights.items():
            before += weight
            if bucket < before:
                return variation
        return None

    def serve(self, flag_key, serve):
        """(variation or None, whether it was dealt)"""
        if "variation" in serve:
            return serve["variation"], False
        if "rollout" in serve:
            split = serve["rollout"]
            return self._deal(flag_key, _weights(split), split), True
        moving = serve["progressive"]
        split = {name: side[name] for side in (moving["from"], moving["to"])
                 for name in ("bucketBy", "salt") if name in side}
        return self._deal(flag_key, self._moved(moving), split), True

    def _moved(self, moving):
        start, end = instant(moving["start"]), instant(moving["end"])
        part = min(1.0, max(0.0, (self.now_ms - start) / (end - start)))
        before, after = _weights(moving["from"]), _weights(moving["to"])
        return {name: round_half_up(before.get(name, 0) +
                                    (after.get(name, 0) - before.get(name, 0)) * part)
                for name in [*before, *(n for n in after if n not in before)]}


def _weights(split):
    return {one["variation"]: one["weight"] for one in split["variations"]}


def round_half_up(value):
    """JavaScript's Math.round."""
    below = int(value // 1)
    return below + (1 if value - below >= 0.5 else 0)


def decide(key, flag, subject, prerequisite):
    """(variation or None, reason); `prerequisite` decides another flag's variation."""
    if not flag["enabled"]:
        return flag["offVariation"], "OFF"
    if not is_active(flag.get("schedule"), subject.now_ms):
        return flag["offVariation"], "SCHEDULED_OUT"
    for wanted in flag.get("prerequisites", ()):
        if prerequisite(wanted["flag"]) not in wanted["variations"]:
            return flag["offVariation"], "PREREQUISITE_FAILED"
    for rule in flag.get("rules", ()):
        if is_active(rule.get("schedule"), subject.now_ms) and subject.holds(rule["when"]):
            variation, was_dealt = subject.serve(key, rule["serve"])
            if variation is not None:
                return variation, "SPLIT" if was_dealt else "TARGETING_MATCH"
    variation, was_dealt = subject.serve(key, flag["fallthrough"])
    return variation, "SPLIT" if was_dealt else "FALLTHROUGH"
