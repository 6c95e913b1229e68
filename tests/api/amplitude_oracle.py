# SPDX-License-Identifier: Apache-2.0
"""The evaluation engine once more, from the written algorithm alone.

Evaluates flag configurations, compiles managed items and groups into them, and says where one
leaves the schema strict SDKs insist on. It shares nothing with the server but the specification.
"""
import json
import re

MAX = 42949673
NONE = "(none)"
BUILT_IN = {"user_id", "device_id", "amplitude_id", "country", "region", "city", "dma", "language",
            "platform", "version", "os", "device_manufacturer", "device_brand", "device_model",
            "device_category", "carrier", "library", "ip_address", "user_agent", "browser",
            "referring_url", "landing_url", "first_seen", "start_version"}


# ---- bucketing -----------------------------------------------------------------------------------
def _rotate(value, bits):
    return (value << bits | value >> (32 - bits)) & 0xffffffff


def murmur3(text):
    data, h = text.encode(), 0
    for at in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[at:at + 4], "little") * 0xcc9e2d51 & 0xffffffff
        h = _rotate(h ^ _rotate(k, 15) * 0x1b873593 & 0xffffffff, 13)
        h = (h * 5 + 0xe6546b64) & 0xffffffff
    tail = data[len(data) - len(data) % 4:]
    if tail:
        k = int.from_bytes(tail, "little") * 0xcc9e2d51 & 0xffffffff
        h ^= _rotate(k, 15) * 0x1b873593 & 0xffffffff
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85ebca6b & 0xffffffff
    h = (h ^ h >> 13) * 0xc2b2ae35 & 0xffffffff
    return h ^ h >> 16


def ranges(weights):
    """[(key, [start, end])] of a list of (key, weight), as integers without rounding."""
    if not any(weight for _, weight in weights):
        weights = [(key, 1) for key, _ in weights]
    total, before, made = sum(weight for _, weight in weights), 0, []
    for key, weight in weights:
        if weight:
            start = 42949672 * before // total
            end = -(-MAX * (before + weight) // total)
            made.append((key, [start, end]))
        before += weight
    return made


# ---- values --------------------------------------------------------------------------------------
def number_text(value):
    """A number as JavaScript writes it."""
    if isinstance(value, int) and abs(value) < 2 ** 53:
        return str(value)
    value = float(value)
    if value == 0:
        return "0"
    shortest = next(t for t in (f"{value:.{n}e}" for n in range(18)) if float(t) == value)
    digits, exponent = re.fullmatch(r"-?(\d(?:\.\d+)?)e([+-]\d+)", shortest).groups()
    sign = "-" if value < 0 else ""
    digits, point = digits.replace(".", ""), int(exponent) + 1
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _is_index(name):
    return name == "0" or re.fullmatch(r"[1-9]\d*", name) and int(name) < 2 ** 32 - 1


def compact(value):
    if isinstance(value, dict):
        names = sorted((n for n in value if _is_index(n)), key=int)
        names += [n for n in value if not _is_index(n)]
        return "{" + ",".join(f"{compact(n)}:{compact(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(compact(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, (int, float)) else compact(value)


def list_of(value):
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, list):
        return None
    return [t for t in (text_of(item) for item in value) if t is not None and t != ""]


def select(target, selector):
    if not selector:
        return None
    for step in selector:
        if not step:
            return None
        if isinstance(target, list) and step.isdigit():
            target = target[int(step)] if int(step) < len(target) else None
        elif isinstance(target, dict):
            target = target.get(step)
        else:
            return None
    return target


# ---- operators -----------------------------------------------------------------------------------
_BLANK = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009" \
         "\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def js_number(text):
    text = text.strip(_BLANK)
    if not text:
        return 0.0
    if re.fullmatch(r"[+-]?Infinity", text):
        return float(text.replace("Infinity", "inf"))
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", text):
        return float(int(text, 0))
    return float(text) if _DECIMAL.fullmatch(text) else None


_VERSION = re.compile(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+)(?:-((?:[A-Za-z0-9_-]+(?:"
                      r"\.[A-Za-z0-9_-]+)*\.?)?))?)?")


def version(text):
    found = _VERSION.fullmatch(text)
    if not found:
        return None
    major, minor, patch, pre = found.groups()
    return int(major), int(minor), int(patch or 0), pre is None, pre or ""


_ORDER = {"less": lambda a, b: a < b, "less or equal": lambda a, b: a <= b,
          "greater": lambda a, b: a > b, "greater or equal": lambda a, b: a >= b}
_POSITIVE = {"is", "contains", *_ORDER, *("version " + op for op in _ORDER), "set is",
             "set contains", "set contains any"}
_NEGATIVE = {"is not", "does not contain", "set does not contain", "set does not contain any"}


def _equal(text, values):
    folded = text.lower()
    if folded in ("true", "false") and any(v.lower() == folded for v in values):
        return True
    return text in values


def _units(text):
    return text.encode("utf-16-be", "surrogatepass")


def _compare_versions(order, text, values):
    mine, theirs = version(text), [v for v in map(version, values) if v is not None]
    if mine is None or not theirs:
        return any(order(_units(text), _units(v)) for v in values)
    return any(order(mine, other) for other in theirs)


def _compare_numbers(order, text, values):
    mine = js_number(text)
    others = [n for n in map(js_number, values) if n is not None]
    return mine is not None and any(order(mine, other) for other in others)


def _search(pattern, text):
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text, re.ASCII) is not None


def _match_text(text, op, values):
    if op == "is":
        return _equal(text, values)
    if op == "is not":
        return not _equal(text, values)
    if op in ("contains", "does not contain"):
        return any(v.lower() in text.lower() for v in values) == (op == "contains")
    if op in _ORDER:
        return _compare_numbers(_ORDER[op], text, values)
    if op.startswith("version ") and op[8:] in _ORDER:
        return _compare_versions(_ORDER[op[8:]], text, values)
    if op == "regex match":
        return any(_search(v, text) for v in values)
    if op == "regex does not match":
        return not any(_search(v, text) for v in values)
    return False


def _match_set(items, op, values):
    if op in ("set is", "set is not"):
        return (set(items) == set(values)) == (op == "set is")
    if op in ("set contains", "set does not contain"):
        holds = len(items) >= len(values) and all(_equal(v, items) for v in values)
        return holds == (op == "set contains")
    if op in ("set contains any", "set does not contain any"):
        return any(_equal(v, items) for v in values) == (op == "set contains any")
    return False


def matches(condition, target):
    op, values = condition["op"], condition["values"]
    value = select(target, condition["selector"])
    if value is None:
        return NONE in values if op in _POSITIVE else op in _NEGATIVE and NONE not in values
    items = list_of(value)
    if op.startswith("set "):
        return items is not None and _match_set(items, op, values)
    if items is not None:
        return any(_match_text(item, op, values) for item in items)
    return _match_text(text_of(value), op, values)


# ---- flags ---------------------------------------------------------------------------------------
def _bucket(segment, target):
    bucket = segment.get("bucket")
    if not bucket:
        return segment.get("variant")
    text = text_of(select(target, bucket["selector"]))
    if not text:
        return segment.get("variant")
    ticket = murmur3(bucket["salt"] + "/" + text)
    for allocation in bucket["allocations"]:
        if allocation["range"][0] <= ticket % 100 < allocation["range"][1]:
            for part in allocation["distributions"]:
                if part["range"][0] <= ticket // 100 < part["range"][1]:
                    return part["variant"]
    return segment.get("variant")


def _sorted(flags):
    left, out = {flag["key"]: flag for flag in flags}, []

    def visit(key, path):
        assert key not in path, f"cycle {path}"
        flag = left.get(key)
        if flag is None:
            return
        for parent in flag.get("dependencies", ()):
            visit(parent, path + [key])
        out.append(left.pop(key))

    for flag in flags:
        visit(flag["key"], [])
    return out


def context_of(user):
    """The evaluation context of a user object."""
    apart = ("groups", "group_properties", "group_cohort_ids")
    context = {"user": {k: v for k, v in user.items() if k not in apart and v is not None}}
    for kind, names in (user.get("groups") or {}).items():
        names = [names] if isinstance(names, str) else names
        if not names:
            continue
        group = {"group_name": names[0]}
        properties = ((user.get("group_properties") or {}).get(kind) or {}).get(names[0])
        if properties:
            group["group_properties"] = properties
        cohorts = ((user.get("group_cohort_ids") or {}).get(kind) or {}).get(names[0])
        if cohorts is not None:
            group["cohort_ids"] = cohorts
        context.setdefault("groups", {})[kind] = group
    return context


def evaluate(flags, context):
    """{flag key: result} of every flag, parents included."""
    results = {}
    target = {"context": context, "result": results}
    for flag in _sorted(flags):
        for segment in flag["segments"]:
            groups = segment.get("conditions")
            if groups is not None and not any(all(matches(c, target) for c in g) for g in groups):
                continue
            variant = flag["variants"].get(_bucket(segment, target))
            if variant is not None:
                metadata = {**flag.get("metadata", {}), **segment.get("metadata", {}),
                            **variant.get("metadata", {})}
                results[flag["key"]] = {**variant, "metadata": metadata}
                break
    return results


# ---- from what the Management API shows to a configuration ---------------------------------------
def selector_of(name, unit="User"):
    if unit != "User":
        return ["context", "groups", unit, "group_name"]
    if name == "userdata_cohort":
        return ["context", "user", "cohort_ids"]
    if name.startswith("gp:"):
        return ["context", "user", "user_properties", name[3:]]
    return ["context", "user"] + ([] if name in BUILT_IN else ["user_properties"]) + [name]


def _condition(shown):
    op, prop = shown["op"], shown["prop"]
    if prop == "userdata_cohort":
        op = {"is": "set contains any", "is not": "set does not contain any"}[op]
    elif prop in ("version", "start_version") and op in _ORDER:
        op = "version " + op
    return {"selector": selector_of(prop), "op": op, "values": shown["values"]}


def _rollout(percentage, weights, key, item, name, conditions=None):
    dealt = ranges(weights)
    segment = {"conditions": [conditions]} if conditions else {}
    segment["metadata"] = {"segmentName": name}
    if percentage == 0 or not dealt:
        return {**segment, "variant": "off"}
    if percentage == 100 and len(dealt) == 1:
        return {**segment, "variant": dealt[0][0]}
    return {**segment, "variant": "off", "bucket": {
        "selector": selector_of(key, item.get("bucketingUnit", "User")),
        "salt": item["bucketingSalt"],
        "allocations": [{"range": [0, percentage],
                         "distributions": [{"variant": v, "range": r} for v, r in dealt]}]}}


def _inclusion(variant, users, cohorts=()):
    lists = [[{"selector": ["context", "user", member], "op": "is", "values": users}]
             for member in ("user_id", "device_id")] if users else []
    if cohorts:
        lists.append([{"selector": ["context", "user", "cohort_ids"], "op": "set contains any",
                       "values": list(cohorts)}])
    return {"conditions": lists, "metadata": {"segmentName": "individual-inclusions"},
            "variant": variant}


def compile_item(item, included, keys, kind, deployed=True):
    """`included`: {variant: (users, cohorts)}; `keys`: {id: key} of possible parents."""
    parents = item.get("parentDependencies")
    variants = {v["key"]: {"key": v["key"], "value": v["key"],
                           **({"payload": v["payload"]} if "payload" in v else {})}
                for v in item["variants"]}
    variants["off"] = {"key": "off", "metadata": {"default": True}}
    metadata = {"deployed": deployed, "evaluationMode": item["evaluationMode"], "flagType": kind}
    flag = {"key": item["key"], "variants": variants, "metadata": metadata}
    if not item["enabled"]:
        return {**flag, "segments": [{"metadata": {"segmentName": "default"}, "variant": "off"}]}
    segments = [_inclusion(v, *included[v]) for v in variants if v in included and any(included[v])]
    if parents:
        flag["dependencies"] = [keys[number] for number in parents["flags"]]
        misses = [{"selector": ["result", keys[number], "key"], "op": "is not", "values": wanted}
                  for number, wanted in parents["flags"].items()]
        segments.append({"metadata": {"segmentName": "flag-dependencies"}, "variant": "off",
                         "conditions": [[m] for m in misses]
                         if parents.get("operator", "all") == "all" else [misses]})
    order = [v["key"] for v in item["variants"]]
    if item.get("stickyBucketing"):
        stored = ["context", "user", "user_properties", f"[Experiment] {item['key']}"]
        segments += [{"metadata": {"segmentName": "sticky-bucketing"}, "variant": v, "conditions": [
            [{"selector": stored, "op": "is", "values": [v]}]]} for v in order]
    for shown in item["targetSegments"]:
        weights = [(v, shown["rolloutWeights"].get(v, 0)) for v in order]
        segments.append(_rollout(shown["percentage"], weights, shown["bucketingKey"], item,
                                 shown["name"], [_condition(c) for c in shown["conditions"]]))
    weights = [(v, item["rolloutWeights"].get(v, 0)) for v in order]
    segments.append(_rollout(item["rolloutPercentage"], weights, item["bucketingKey"], item,
                             "All Other Users"))
    return {**flag, "segments": segments}


def _group(group, kind, variants, segments):
    return {"key": group["key"], "segments": segments,
            "variants": {**{k: {"key": k, "value": k, "payload": {"flagIds": ids}}
                            for k, ids in variants}, "off": {"key": "off",
                                                             "metadata": {"default": True}}},
            "metadata": {"deployed": False, "evaluationMode": group["evaluationMode"],
                         "flagType": kind}}


def compile_mutex(group):
    slots = group["slots"]
    variants = [(s["variantKey"], [str(i) for i in s["experiments"] + s["holdouts"]])
                for s in slots]
    segments = [_inclusion(s["variantKey"], s["individuals"], s["cohorts"]) for s in slots
                if s["individuals"] or s["cohorts"]]
    weights = [(s["variantKey"], s["percentage"]) for s in slots]
    segments.append(_rollout(100, weights, group["bucketingKey"], group, "All Other Users"))
    return _group(group, "mutual-exclusion-group", variants + [("unallocated", [])], segments)


def compile_holdout(group):
    percentage = group["holdoutPercentage"]
    segments = [_inclusion(variant, group[member]) for variant, member in
                (("holdout", "individualInclusion"), ("on", "individualExclusion"))
                if group[member]]
    weights = [("holdout", percentage), ("on", 100 - percentage)]
    segments.append(_rollout(100, weights, group["bucketingKey"], group, "All Other Users"))
    variants = [("holdout", []), ("on", [str(i) for i in group["experiments"]])]
    return _group(group, "holdout-group", variants, segments)


# ---- the schema ----------------------------------------------------------------------------------
_MEMBERS = {"flag": ({"key", "variants", "segments"}, {"dependencies", "metadata"}),
            "variant": ({"key"}, {"value", "payload", "metadata"}),
            "segment": (set(), {"conditions", "bucket", "variant", "metadata"}),
            "condition": ({"selector", "op", "values"}, set()),
            "bucket": ({"selector", "salt", "allocations"}, set()),
            "allocation": ({"range", "distributions"}, set()),
            "distribution": ({"variant", "range"}, set())}
OPERATORS = {"is", "is not", "contains", "does not contain", *_ORDER,
             *("version " + op for op in _ORDER), "set is", "set is not", "set contains",
             "set does not contain", "set contains any", "set does not contain any", "regex match",
             "regex does not match"}


def _members(kind, made):
    wanted, allowed = _MEMBERS[kind]
    assert isinstance(made, dict), (kind, made)
    assert wanted <= set(made) <= wanted | allowed, (kind, sorted(made))
    assert all(value is not None for name, value in made.items() if name != "payload"), made


def _texts(values, least=0):
    assert isinstance(values, list), values
    assert len(values) >= least
    assert all(isinstance(v, str) for v in values), values


def _range(pair, limit):
    assert [type(n) for n in pair] == [int, int], pair
    assert 0 <= pair[0] <= pair[1] <= limit, pair


def _check_bucket(bucket, variants):
    _members("bucket", bucket)
    _texts(bucket["selector"], 1)
    assert isinstance(bucket["salt"], str)
    for allocation in bucket["allocations"]:
        _members("allocation", allocation)
        _range(allocation["range"], 100)
        for part in allocation["distributions"]:
            _members("distribution", part)
            _range(part["range"], MAX)
            assert part["variant"] in variants


def _check_segment(segment, flag):
    _members("segment", segment)
    assert isinstance(segment["metadata"]["segmentName"], str)
    assert segment.get("variant", "off") in flag["variants"]
    if "conditions" in segment:
        assert segment["conditions"], "an empty list of conditions"
    for condition in (c for inner in segment.get("conditions", ()) for c in inner):
        _members("condition", condition)
        _texts(condition["selector"], 1)
        _texts(condition["values"], 1)
        assert condition["op"] in OPERATORS
        if condition["op"].startswith("regex"):
            assert all(v.startswith("^") and v.endswith("$") for v in condition["values"])
        if condition["selector"][0] == "result":
            assert condition["selector"][1] in flag["dependencies"]
    if "bucket" in segment:
        _check_bucket(segment["bucket"], flag["variants"])


def check_configurations(flags):
    """Fails where a strict SDK would throw the array away."""
    assert isinstance(flags, list)
    assert len({flag["key"] for flag in flags}) == len(flags)
    for flag in flags:
        _members("flag", flag)
        metadata = flag["metadata"]
        assert isinstance(metadata["deployed"], bool)
        assert metadata["evaluationMode"] in ("local", "remote")
        assert type(metadata["flagVersion"]) is int
        assert metadata["flagVersion"] >= 1
        assert metadata["flagType"] in ("release", "experiment", "mutual-exclusion-group",
                                        "holdout-group")
        assert flag["variants"]["off"] == {"key": "off", "metadata": {"default": True}}
        for key, variant in flag["variants"].items():
            _members("variant", variant)
            assert variant["key"] == key
            assert variant.get("value", key) == key
        assert flag["segments"], "no segment"
        if "dependencies" in flag:
            _texts(flag["dependencies"], 1)
        for segment in flag["segments"]:
            _check_segment(segment, flag)
    _sorted(flags)
