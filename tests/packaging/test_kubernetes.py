# SPDX-License-Identifier: Apache-2.0
"""The manifests: that they fit together, and fit the program."""
import re

import pytest
import requests
import yaml

from conftest import version
from harness import BINARY, ROOT, Server, clean_environment
from places import run
from test_container import dockerfile
from test_units import settings

FOLDER = ROOT / "packaging" / "kubernetes"
LABELS = {"app.kubernetes.io/name": "guidon"}
MIB = 1 << 20


def documents():
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            found[document["kind"], document.get("metadata", {}).get("name", path.stem)] = document
    return found


ALL = documents()
SET = ALL["StatefulSet", "guidon"]["spec"]
POD = SET["template"]["spec"]
CONTAINER = POD["containers"][0]


def bytes_of(quantity):
    number, unit = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", quantity).groups()
    return int(number) << {"Ki": 10, "Mi": 20, "Gi": 30}[unit]


def test_the_list_of_resources_is_whole():
    listed = set(ALL["Kustomization", "kustomization"]["resources"])
    optional = {"servicemonitor.yaml", "kustomization.yaml"}
    assert listed == {path.name for path in FOLDER.glob("*.yaml")} - optional
    image = ALL["Kustomization", "kustomization"]["images"][0]
    assert f"{image['name']}:{image['newTag']}" == CONTAINER["image"] == f"guidon:{version()}"


def test_kubernetes_schemas_know_every_member(judges, tmp_path):
    plain = [FOLDER / name for name in ALL["Kustomization", "kustomization"]["resources"]]
    done = run(judges / "kubernetes-validate", "--strict", *plain, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((FOLDER / "statefulset.yaml").read_text().replace("serviceName:", "serviceNam:"))
    assert run(judges / "kubernetes-validate", "--strict", wrong, check=False).returncode != 0


def test_selectors_meet_the_pod_s_labels():
    labels = SET["template"]["metadata"]["labels"]
    assert SET["selector"]["matchLabels"].items() <= labels.items()
    for kind, name in (("Service", "guidon"), ("Service", "guidon-operations")):
        assert ALL[kind, name]["spec"]["selector"].items() <= labels.items()
    policy = ALL["NetworkPolicy", "guidon"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    monitor = ALL["ServiceMonitor", "guidon"]["spec"]
    assert (monitor["selector"]["matchLabels"].items()
            <= ALL["Service", "guidon-operations"]["metadata"]["labels"].items())
    assert not (monitor["selector"]["matchLabels"].items()
                <= ALL["Service", "guidon"]["metadata"]["labels"].items())


def test_names_refer_to_what_is_there():
    assert ("Service", SET["serviceName"]) in ALL
    assert ("ServiceAccount", POD["serviceAccountName"]) in ALL
    volumes = {volume["name"] for volume in POD["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in SET["volumeClaimTemplates"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == volumes
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    for name in ("guidon", "guidon-operations"):
        for port in ALL["Service", name]["spec"]["ports"]:
            assert port["targetPort"] in ports
    for rule in ALL["NetworkPolicy", "guidon"]["spec"]["ingress"]:
        assert all(port["port"] in ports for port in rule["ports"])
    operations = {port["name"] for port in ALL["Service", "guidon-operations"]["spec"]["ports"]}
    assert {end["port"] for end in ALL["ServiceMonitor", "guidon"]["spec"]["endpoints"]} <= operations


def test_settings_are_the_program_s_and_agree_with_ports_and_volumes():
    variables = {entry["name"]: entry["value"] for entry in CONTAINER["env"]}
    known = {"GUIDON_" + name.upper().replace("-", "_") for name in settings()}
    assert set(variables) <= known
    assert run(BINARY, "serve", "--config", "check",
               env=clean_environment(**variables)).returncode == 0
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert variables["GUIDON_LISTEN"] == f"0.0.0.0:{ports['http']}"
    assert variables["GUIDON_OPERATIONS_LISTEN"] == f"0.0.0.0:{ports['operations']}"
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert variables["GUIDON_DATA"] == mounts["data"]
    assert variables["GUIDON_BOOTSTRAP_TOKEN_FILE"].startswith(mounts["bootstrap"] + "/")
    assert CONTAINER["args"] == ["serve"]


def test_the_pod_has_no_more_rights_than_the_image_needs():
    user, group = (int(part) for part in dockerfile()["USER"][0].split(":"))
    pod = POD["securityContext"]
    assert (pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]) == (user, group, group)
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    locks = CONTAINER["securityContext"]
    assert locks["readOnlyRootFilesystem"] is True
    assert locks["allowPrivilegeEscalation"] is False
    assert locks["capabilities"] == {"drop": ["ALL"]}
    assert POD["automountServiceAccountToken"] is False


def test_one_server_owns_the_volume_and_has_time_to_leave():
    assert SET["replicas"] == 1
    assert SET["updateStrategy"]["type"] == "RollingUpdate", "of one: the old ends first"
    drain_s = int(settings()["drain-timeout-ms"]) / 1000
    assert POD["terminationGracePeriodSeconds"] >= drain_s + 2 + 5


def test_the_memory_limit_leaves_room_for_the_bounds_the_server_keeps():
    variables = {entry["name"]: entry["value"] for entry in CONTAINER["env"]}
    bounds = settings(**variables)
    bounded = (int(bounds["loops"]) * int(bounds["large-bodies-bytes-max"])
               + int(bounds["event-queue-bytes-max"]))
    assert int(bounds["loops"]) > 0
    requested = bytes_of(CONTAINER["resources"]["requests"]["memory"])
    assert bytes_of(CONTAINER["resources"]["limits"]["memory"]) >= bounded + requested


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    server.close()


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_ask_what_the_operations_listener_answers(operations, probe):
    wanted = CONTAINER[probe]["httpGet"]
    assert wanted["port"] == "operations"
    assert requests.get(operations.operations + wanted["path"], timeout=10).status_code == 200


def test_metrics_are_where_the_monitor_looks_and_the_server_fits_its_request(operations):
    path = ALL["ServiceMonitor", "guidon"]["spec"]["endpoints"][0]["path"]
    text = requests.get(operations.operations + path, timeout=10).text
    resident = int(re.search(r"^guidon_resident_memory_bytes (\d+)$", text, re.M).group(1))
    assert resident < bytes_of(CONTAINER["resources"]["requests"]["memory"])
