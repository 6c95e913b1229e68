# SPDX-License-Identifier: Apache-2.0
"""The street of the town where OpenFeature lives: an app whose flags are made in all three ways, by
Amplitude's Management API, by Superflag's API, and by the admin API.

openfeature.json says what a provider is asked about them, and what it has to answer.
"""
import pathlib

QUESTIONS = pathlib.Path(__file__).with_suffix(".json")
TYPED = {"comparison": "typed", "hash": "fnv1a_32_utf16"}


def typed(key, kind, variations, rules=(), **members):
    """A flag of the admin API that serves its first variation, and others by rules."""
    ids = list(variations)
    return {"key": key, "type": kind, "arithmetic": TYPED, "enabled": True,
            "variations": [{"id": name, "value": value} for name, value in variations.items()],
            "offVariation": ids[-1], "fallthrough": {"variation": ids[0]},
            "rules": [{"id": f"by-{attribute}", "when": {"op": "match", "attribute": attribute,
                                                        "operator": operator, "value": value},
                       "serve": {"variation": serve}} for attribute, operator, value, serve in rules],
            **members}


ADMIN = [
    {"key": "boolean", "enabled": True,
     "metadata": {"team": "web", "revision": 3, "share": 0.5, "beta": True}},
    typed("greeting", "string", {"plain": "hello", "formal": "good day"},
          [("plan", "in", ["pro", "team"], "formal"), ("company.size", "gt", 100, "formal")]),
    typed("limit", "number", {"low": 10, "high": 100}, [("age", "gte", 18, "high")]),
    typed("ratio", "number", {"whole": 1, "half": 0.5}, [("beta", "eq", True, "half")]),
    typed("theme", "object", {"teal": {"colour": "teal", "sizes": [1, 2, 3], "deep": {"on": True}}}),
    typed("dormant", "string", {"awake": "awake", "asleep": "asleep"}, enabled=False),
    typed("dealt", "string", {"red": "red", "blue": "blue"}, fallthrough={"rollout": {"variations": [
        {"variation": "red", "weight": 50000}, {"variation": "blue", "weight": 50000}]}}),
    typed("hidden", "boolean", {"on": True, "off": False}, visibility="server"),
    typed("live", "number", {"before": 0, "after": 1}),
]
SUPERFLAG = [("sf-switch", "bool", True), ("sf-text", "string", "classic"), ("sf-count", "number", 3),
             ("sf-share", "number", 2.5), ("sf-layout", "json", {"columns": [1, {"wide": False}]})]
NORDICS = {"name": "Nordics", "percentage": 100, "rolloutWeights": {"treatment": 1, "control": 0},
           "bucketingKey": "user_id",
           "conditions": [{"type": "property", "prop": "country", "op": "is", "values": ["Norway"]}]}


def build(cli, project_class):
    """Returns what the suites are told; cli speaks as the owner."""
    app = cli.call("POST", "/admin/v1/apps", {"name": "openfeature"})
    number = {one["name"]: one["number"] for one in app["environments"]}["production"]
    at = f"/admin/v1/environments/{number}"
    token = cli.call("POST", "/admin/v1/tokens", {"environments": [number]})["token"]

    project = project_class(cli.base, token, str(number))
    server, server_key = project.deployment("openfeature-server", "server")
    client, client_key = project.deployment("openfeature-client", "client")
    both, full = [server, client], {"rolloutPercentage": 100}
    project.flag("am-switch", both, variants=[{"key": "on"}], **full)
    project.flag("am-name", both, variants=[{"key": "red"}, {"key": "blue"}],
                 rolloutWeights={"red": 1, "blue": 0}, **full)
    project.flag("am-half", both, variants=[{"key": "on"}], rolloutPercentage=50,
                 bucketingSalt="q7Lw2ZtB")
    project.flag("am-colour", both, "experiments", variants=[
        {"key": "control"}, {"key": "treatment", "payload": {"hex": "#088"}}],
        rolloutWeights={"control": 1, "treatment": 1}, targetSegments=[NORDICS],
        bucketingSalt="Zt4hN0ve", **full)
    for key, kind, value in SUPERFLAG:
        cli.call("POST", "/api/v1/flags", {"appId": app["id"], "env": "production", "key": key,
                                           "type": kind, "value": value})
    for flag in ADMIN:
        cli.call("POST", at + "/flags", flag)
    keys = {kind: cli.call("POST", at + "/keys", {"kind": kind})["key"]
            for kind in ("server", "browser")}
    return {"OPENFEATURE_PROJECT": str(number), "OPENFEATURE_KEY": keys["server"],
            "OPENFEATURE_BROWSER_KEY": keys["browser"], "OPENFEATURE_SERVER_KEY": server_key,
            "OPENFEATURE_CLIENT_KEY": client_key, "OPENFEATURE_QUESTIONS": str(QUESTIONS)}
