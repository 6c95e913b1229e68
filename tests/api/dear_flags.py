# SPDX-License-Identifier: Apache-2.0
"""Flags that are dear to decide, by what is dear about them, and a text to decide them about."""

SUBJECT = "prose and more of it, over and over " * 55


def flag(key, clauses):
    return {"key": key, "kind": "flag", "type": "boolean", "description": "", "tags": [],
            "owner": "", "lifecycle": "active", "enabled": True, "salt": "s",
            "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"},
            "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
            "offVariation": "off", "fallthrough": {"variation": "off"},
            "rules": [{"id": "r", "when": {"op": "all", "expressions": clauses},
                       "serve": {"variation": "on"}}]}


def clause(operator, values, attribute="/context/user/user_properties/a"):
    return {"op": "match", "attribute": attribute, "operator": operator, "value": values}


DEAR = {
    "long searches": lambda i: flag(f"f{i}", [clause(
        "text contains", [f"zz{i}_{k}" for k in range(170)])]),
    "short searches": lambda i: flag(f"f{i}", [clause(
        "text contains", [f"{k:02d}" + chr(97 + i % 26) for k in range(40)])]),
    "patterns": lambda i: flag(f"f{i}", [clause(
        "text regex match", [f"[a-z ]*x{i % 16}{k}" for k in range(3)])]),
    "long lists": lambda i: flag(f"f{i}", [clause(
        "text is", [f"v{i}_{k}" for k in range(1000)])]),
    "nothing much": lambda i: flag(f"f{i}", [clause("text is", ["never"])]),
}
