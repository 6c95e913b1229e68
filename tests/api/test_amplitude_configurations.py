# SPDX-License-Identifier: Apache-2.0
"""Flag configurations: what the written rules compile to, and nothing strict SDKs reject."""
import itertools
import random

import pytest

import amplitude_oracle as oracle
from amplitude import Compiled, assert_ok, bare, content

SEED = 20250401


def compare(project, deployment=None):
    """Every array this deployment can read is valid and as compiled independently."""
    deployment = deployment or project.web
    compiled = Compiled(project)
    for remote in (False, True):
        flags = deployment.flags(**({"eval_mode": "remote"} if remote else {}))
        oracle.check_configurations(flags)
        got, wanted = bare(flags), compiled.configurations(deployment, remote)
        if remote:
            for flag in list(got.values()) + list(wanted.values()):
                flag["segments"] = [s for s in flag["segments"]
                                    if s["metadata"]["segmentName"] != "sticky-bucketing"]
        assert set(got) == set(wanted)
        for key, flag in wanted.items():
            assert got[key] == flag
    return {flag["key"]: flag for flag in deployment.flags()}


def test_none_is_an_empty_array(project):
    answer = project.web.sdk.get("/sdk/v2/flags")
    assert (answer.status_code, answer.content) == (200, b"[]")


def test_a_stub_keeps_targeting_from_clients(project):
    project.live("flags", "remote", variants=[{"key": "on", "payload": {"p": 1}}], targetSegments=[
        {"name": "Secret", "percentage": 100, "rolloutWeights": {"on": 1}, "conditions": [
            {"type": "property", "prop": "gp:email", "op": "is", "values": ["boss@example.org"]}]}])
    client = project.deployment("client")
    project.flag("both", deployments=[client.id])
    (stub,) = project.flags()
    assert stub == {
        "key": "remote", "segments": [{"metadata": {"segmentName": "default"}, "variant": "off"}],
        "metadata": {"deployed": True, "evaluationMode": "remote", "flagType": "release",
                     "flagVersion": 1},
        "variants": {"on": {"key": "on", "value": "on", "payload": {"p": 1}},
                     "off": {"key": "off", "metadata": {"default": True}}}}
    assert "boss@example.org" not in project.web.sdk.get("/sdk/v2/flags").text
    assert "boss@example.org" in project.web.sdk.get("/sdk/v2/flags", eval_mode="remote").text
    assert client.flags(eval_mode="remote") == client.flags()


def test_stubs_bring_no_parents(project):
    parent = project.live("flags", "parent", deployments=[])
    project.live("flags", "child", parentDependencies={"flags": {parent.rsplit("/", 1)[1]: ["on"]},
                                                       "operator": "all"})
    flags = {f["key"]: f for f in project.flags()}
    assert "dependencies" not in flags["child"]
    assert set(flags) <= {"child", "parent"}
    flags = {f["key"]: f for f in project.flags(eval_mode="remote")}
    assert flags["child"]["dependencies"] == ["parent"]
    assert flags["parent"]["metadata"]["deployed"] is False


def test_v1_flags_and_its_keys(project):
    for key in ("a", "b", "c"):
        project.flag(key)
    for params, wanted in (({}, "abc"), ({"flag_keys": "a"}, "a"),
                           ({"flag_keys": "a,c,nobody"}, "ac"),
                           ({"flag_keys": "nobody"}, ""), ({"flag_keys": ""}, "abc")):
        flags = content(project.web.sdk.get("/v1/flags", **params))
        assert sorted(f["key"] for f in flags) == list(wanted), params


@pytest.mark.parametrize("weights, ranges", [
    ((1, 1), [[0, 21474837], [21474836, 42949673]]), ((1, 99), [[0, 429497], [429496, 42949673]]),
    ((99, 1), [[0, 42520177], [42520175, 42949673]]), ((1,), [[0, 42949673]]),
    ((1, 1, 1), [[0, 14316558], [14316557, 28633116], [28633114, 42949673]]),
    ((0, 1, 0, 3), [[0, 10737419], [10737418, 42949673]]),
    ((0, 0), [[0, 21474837], [21474836, 42949673]]),
    ((1000000000, 1), None), ((1, 1000000000, 1), None), ((999999999, 1000000000, 7), None)])
def test_weights_to_ranges(project, weights, ranges):
    names = [f"v{n}" for n in range(len(weights))]
    project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                 rolloutPercentage=99,
                 variants=[{"key": n} for n in names], rolloutWeights=dict(zip(names, weights)))
    (flag,) = project.flags()
    (allocation,) = flag["segments"][0]["bucket"]["allocations"]
    assert allocation["range"] == [0, 99]
    made = [(d["variant"], d["range"]) for d in allocation["distributions"]]
    assert made == oracle.ranges(list(zip(names, weights)))
    if ranges:
        assert [r for _, r in made] == ranges


@pytest.mark.parametrize("percentage, weights, expected", [
    (0, (1, 1), "off"), (100, (1, 0), "v0"), (100, (0, 7), "v1"), (100, (1, 1), None),
    (50, (1, 0), None),
    (1, (1, 1), None), (99, (0, 1), None), (0, (0, 0), "off"), (100, (0, 0), None)])
def test_when_there_is_a_bucket(project, percentage, weights, expected):
    project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                 rolloutPercentage=percentage, variants=[{"key": "v0"}, {"key": "v1"}],
                 rolloutWeights={"v0": weights[0], "v1": weights[1]})
    (segment,) = compare(project)["f"]["segments"]
    if expected:
        assert segment == {"metadata": {"segmentName": "All Other Users"}, "variant": expected}
    else:
        assert segment["variant"] == "off"
        assert segment["bucket"]["selector"] == ["context", "user", "user_id"]


def condition(prop, op, *values):
    return {"type": "property", "prop": prop, "op": op, "values": list(values)}


@pytest.mark.parametrize("shown, compiled", [
    (("country", "is", "NO", "SE"), (["user", "country"], "is", ["NO", "SE"])),
    (("gp:plan", "is not", "(none)"), (["user", "user_properties", "plan"], "is not", ["(none)"])),
    (("gp:a.b/c~d e", "contains", "x"),
     (["user", "user_properties", "a.b/c~d e"], "contains", ["x"])),
    (("device_id", "does not contain", "x"), (["user", "device_id"], "does not contain", ["x"])),
    (("gp:age", "less", "5"), (["user", "user_properties", "age"], "less", ["5"])),
    (("gp:age", "greater or equal", "-1.5e3"),
     (["user", "user_properties", "age"], "greater or equal", ["-1.5e3"])),
    (("gp:version", "greater", "5"), (["user", "user_properties", "version"], "greater", ["5"])),
    (("version", "less or equal", "1.2.3"),
     (["user", "version"], "version less or equal", ["1.2.3"])),
    (("version", "greater", "1.2"), (["user", "version"], "version greater", ["1.2"])),
    (("version", "less", "1.2.3-rc.1"), (["user", "version"], "version less", ["1.2.3-rc.1"])),
    (("version", "greater or equal", "0.0.1"),
     (["user", "version"], "version greater or equal", ["0.0.1"])),
    (("version", "is", "1.2"), (["user", "version"], "is", ["1.2"])),
    (("gp:tags", "set is", "a", "b"), (["user", "user_properties", "tags"], "set is", ["a", "b"])),
    (("gp:tags", "set is not", "a"), (["user", "user_properties", "tags"], "set is not", ["a"])),
    (("gp:tags", "set contains", "a"),
     (["user", "user_properties", "tags"], "set contains", ["a"])),
    (("gp:tags", "set does not contain", "a"),
     (["user", "user_properties", "tags"], "set does not contain", ["a"])),
    (("userdata_cohort", "is", "c1", "c2"),
     (["user", "cohort_ids"], "set contains any", ["c1", "c2"])),
    (("userdata_cohort", "is not", "c1"),
     (["user", "cohort_ids"], "set does not contain any", ["c1"])),
    (("favourite", "is", "x"), (["user", "user_properties", "favourite"], "is", ["x"]))])
def test_conditions(project, shown, compiled):
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                        targetSegments=[
        {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1},
         "conditions": [condition(*shown)]}])
    (flag,) = project.flags()
    selector, op, values = compiled
    assert flag["segments"][0] == {"metadata": {"segmentName": "S"}, "variant": "on",
                                   "conditions": [
        [{"selector": ["context", *selector], "op": op, "values": values}]]}
    (back,) = project.show(path)["targetSegments"][0]["conditions"]
    prop = "gp:favourite" if shown[0] == "favourite" else shown[0]
    assert back == condition(prop, *shown[1:])


@pytest.mark.parametrize("op, target",
                         [("glob match", "regex match"),
                          ("glob does not match", "regex does not match")])
def test_globs_never_leave_the_server(project, op, target):
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                        targetSegments=[
        {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1},
         "conditions": [condition("gp:p", op, "*.js", "a?c", "/x/**", "[!a-c]{d,e}\\*.+(")]}])
    (flag,) = project.flags()
    ((made,),) = flag["segments"][0]["conditions"]
    assert made["op"] == target
    assert all(v.startswith("^") and v.endswith("$") for v in made["values"])
    assert project.show(path)["targetSegments"][0]["conditions"][0]["op"] == op
    oracle.check_configurations([flag])


@pytest.mark.parametrize("key, selector", [
    ("user_id", ["context", "user", "user_id"]), ("device_id", ["context", "user", "device_id"]),
    ("amplitude_id", ["context", "user", "amplitude_id"]),
    ("gp:team", ["context", "user", "user_properties", "team"]),
    ("team", ["context", "user", "user_properties", "team"]),
    ("country", ["context", "user", "country"])])
def test_bucketing_keys(project, key, selector):
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey=key,
                        rolloutPercentage=50)
    bucket = project.flags()[0]["segments"][0]["bucket"]
    assert bucket["selector"] == selector
    assert bucket["salt"] == project.show(path)["bucketingSalt"]


def test_a_group_type_as_the_unit(project):
    path = project.flag("f", enabled=True, evaluationMode="local", rolloutPercentage=50,
                        bucketingUnit="org id")
    selector = project.flags()[0]["segments"][0]["bucket"]["selector"]
    assert selector == ["context", "groups", "org id", "group_name"]
    salt = project.show(path)["bucketingSalt"]
    for name in (f"org-{n}" for n in range(40)):
        wanted = "on" if oracle.murmur3(f"{salt}/{name}") % 100 < 50 else "off"
        assert project.web.variant("f", user_id="u", groups={"org id": [name, "other"]}) == wanted
        assert project.web.variant("f", user_id="u", groups={"org id": name}) == wanted
    assert project.web.variant("f", user_id="u") == "off"


def test_a_segment_has_a_bucketing_key_of_its_own(project):
    project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                 rolloutPercentage=10,
                 targetSegments=[{"name": "D", "percentage": 20, "rolloutWeights": {"on": 1},
                                  "conditions": [],
                                  "bucketingKey": "device_id"},
                                 {"name": "I", "percentage": 30, "rolloutWeights": {"on": 1},
                                  "conditions": []}])
    flag = compare(project)["f"]
    assert [s["bucket"]["selector"][-1]
            for s in flag["segments"]] == ["device_id", "user_id", "user_id"]
    assert len({s["bucket"]["salt"] for s in flag["segments"]}) == 1
    assert all("conditions" not in s for s in flag["segments"])


def test_the_whole_order_of_segments(project):
    parent = project.live("flags", "parent", evaluationMode="local")
    path = project.live("experiments", "e", evaluationMode="local", bucketingKey="user_id",
                        stickyBucketing=True,
                        variants=[{"key": "a"}, {"key": "b"}], targetSegments=[
                            {"name": n, "percentage": 5, "rolloutWeights": {"a": 1}, "conditions": [
                                condition("country", "is", n)]} for n in ("one", "two")],
                        parentDependencies={"flags": {parent.rsplit("/", 1)[1]: ["on"]},
                                            "operator": "all"})
    for variant in ("b", "a"):
        assert_ok(project.api.post(f"{path}/variants/{variant}/users",
                                   {"inclusions": ["u" + variant]}))
    flag = next(f for f in project.flags() if f["key"] == "e")
    names = [s["metadata"]["segmentName"] for s in flag["segments"]
             if s["metadata"]["segmentName"] != "sticky-bucketing"]
    assert names == ["individual-inclusions"] * 2 + ["flag-dependencies", "one", "two",
                                                     "All Other Users"]
    assert [s["variant"] for s in flag["segments"][:2]] == ["a", "b"]
    assert flag["metadata"]["experimentKey"] == "exp-1"


def test_versions_in_metadata_only_grow(project):
    path = project.flag("f")
    seen = []
    for n in range(4):
        project.edit(path, name=str(n))
        seen.append(project.flags()[0]["metadata"]["flagVersion"])
    assert seen == [2, 3, 4, 5]


def test_names_and_descriptions_are_not_exported(project):
    project.live("flags", "f", name="SECRET-NAME", description="SECRET-TEXT", tags=["SECRET-TAG"],
                 variants=[{"key": "on", "name": "SECRET-VARIANT", "description": "SECRET-WORDS"}])
    assert "SECRET" not in project.web.sdk.get("/sdk/v2/flags", eval_mode="remote").text


# ---- many random projects ------------------------------------------------------------------------
PROPS = ["country", "gp:plan", "gp:tags", "gp:age", "version", "device_id", "userdata_cohort",
         "gp:zo\u00eb", "platform"]
WORDS = ["NO", "SE", "pro", "free", "a", "b", "true", "(none)", "1", "\u65e5\u672c", "iOS"]
NUMBERS = ["1", "10", "0.5", "-3", "1e2", "007", "18"]
VERSIONS = ["1.2", "1.2.3", "1.10.0", "2.0.0-rc.1", "0.1"]
COMPARISONS = ["less", "less or equal", "greater", "greater or equal"]
SETS = ["set is", "set is not", "set contains", "set does not contain"]


def some_condition(dice):
    prop = dice.choice(PROPS)
    count = dice.randint(1, 3)
    if prop == "userdata_cohort":
        return condition(prop, dice.choice(["is", "is not"]),
                         *dice.sample(["c1", "c2", "c3"], count))
    if prop == "version":
        op = dice.choice(COMPARISONS + ["is", "is not"])
        return condition(prop, op, *dice.sample(VERSIONS, count))
    if prop == "gp:tags":
        return condition(prop, dice.choice(SETS + ["is", "contains"]),
                         *dice.sample(["a", "b", "c", "d"], count))
    if prop == "gp:age":
        return condition(prop, dice.choice(COMPARISONS), *dice.sample(NUMBERS, count))
    return condition(prop, dice.choice(["is", "is not", "contains", "does not contain"]),
                     *dice.sample(WORDS, count))


def some_weights(dice, names):
    kind = dice.randrange(4)
    if kind == 0:
        return {n: 0 for n in names}
    return {n: dice.choice([0, 1, 1, 3, 97, 10 ** 9 if kind == 1 else 2]) for n in names}


def some_segments(dice, names):
    return [{"name": f"segment {n}", "percentage": dice.choice([0, 1, 17, 50, 99, 100]),
             "rolloutWeights": some_weights(dice, names),
             "bucketingKey": dice.choice(["user_id", "device_id", "amplitude_id", "gp:team"]),
             "conditions": [some_condition(dice) for _ in range(dice.randrange(4))]}
            for n in range(dice.randrange(4))]


def some_item(project, dice, key, mode, parents):
    names = dice.sample(["control", "treatment", "teal", "b_2", "x"], dice.randint(1, 4))
    resource = dice.choice(["flags", "experiments"])
    members = {"enabled": dice.random() < 0.9, "evaluationMode": mode,
               "rolloutPercentage": dice.choice([0, 30, 100]),
               "bucketingKey": dice.choice(["user_id", "device_id", "amplitude_id"]),
               "variants": [{"key": n, "payload": dice.choice([{"n": n}, [1], "t", 5])}
                            if dice.random() < 0.5
                            else {"key": n} for n in names],
               "rolloutWeights": some_weights(dice, names),
               "targetSegments": some_segments(dice, names)}
    chosen = dice.sample(parents, min(len(parents), dice.randrange(3)))
    if chosen:
        members["parentDependencies"] = {"operator": "all", "flags": {
            number: dice.sample(variants + ["off"], dice.randint(1, len(variants))) for number,
            variants in chosen}}
        members["enabled"] = members["enabled"] and resource == "flags"
    if dice.random() < 0.2:
        members["deployments"] = []
    path = project.new(resource, key, **members)
    for name in names[:2]:
        if dice.random() < 0.4:
            assert_ok(project.api.post(f"{path}/variants/{name}/users", {
                "inclusions": dice.sample([f"u{n}"
                                           for n in range(40)] + [f"d{n}" for n in range(9)], 3)}))
        if dice.random() < 0.2:
            assert_ok(project.api.post(f"{path}/variants/{name}/cohorts",
                                       {"inclusions": [dice.choice(["c1", "c2"])]}))
    return path.rsplit("/", 1)[1], names, resource


def some_project(project, seed, items=14):
    """Fills a project with random items and groups of both modes; {cohort: members}."""
    dice = random.Random(seed)
    cohorts = {f"c{n}": [f"u{m}" for m in range(40) if dice.random() < 0.3] or ["u1"]
               for n in (1, 2, 3)}
    for name, ids in cohorts.items():
        project.cohort(name, ids)
    for mode in ("local", "remote"):
        parents, experiments = [], []
        for n in range(items // 2):
            number, names, resource = some_item(project, dice, f"{mode}-{n}", mode, parents)
            parents.append((number, names))
            if resource == "experiments":
                experiments.append(number)
        dice.shuffle(experiments)
        half = len(experiments) // 2
        unit = dice.choice(["user_id", "device_id"])
        project.mutex(slots=[{"percentage": 30, "experiments": experiments[:half],
                              "individuals": ["u1", "d2"]},
                             {"percentage": 70, "experiments": experiments[half:half + 1]}],
                      key=f"{mode}-mutex", evaluationMode=mode, bucketingKey=unit)
        project.holdout(20, experiments=experiments[half:], key=f"{mode}-holdout",
                        evaluationMode=mode,
                        bucketingKey=unit, individualInclusion=["u3"],
                        individualExclusion=["u3", "u4"])
    return cohorts


@pytest.mark.parametrize("seed", range(SEED, SEED + 6))
def test_random_projects_compile_as_written(project, seed):
    some_project(project, seed)
    compare(project)
    compare(project, project.deployment("server"))


def test_random_edits_leave_valid_configurations(project):
    dice = random.Random(SEED)
    some_project(project, SEED)
    paths = [f"/api/1/{r}/{i['id']}" for r in ("flags", "experiments")
             for i in project.everything(r)]
    for path, _ in zip(itertools.cycle(paths), range(40)):
        names = [v["key"] for v in project.show(path)["variants"]]
        edit = dice.choice([{"targetSegments": some_segments(dice, names)},
                            {"rolloutPercentage": dice.randint(0, 100)},
                            {"rolloutWeights": some_weights(dice, names)},
                            {"enabled": dice.random() < 0.7},
                            {"bucketingSalt": f"s{dice.random()}"}])
        assert project.api.patch(path, edit).status_code in (200, 400)
    compare(project)
