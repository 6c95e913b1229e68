# SPDX-License-Identifier: Apache-2.0
"""The list of parts: whole, valid SPDX 2.3, and the same every time."""
import hashlib
import json
import os
import pathlib
import re

import pytest

from conftest import EPOCH, version
from harness import BINARY, ROOT
from places import run
from record import record
from tls_desk import TlsServer

LLHTTP = "/usr/share/include/llhttp/llhttp.h"
LIBRARIES = ROOT / "packaging" / "libraries"


def make(binary=BINARY, epoch=EPOCH):
    arguments = [LLHTTP] if os.path.exists(LLHTTP) else []
    return run(ROOT / "packaging" / "sbom", binary, version(), *arguments,
               env={**os.environ, "SOURCE_DATE_EPOCH": epoch}).stdout


@pytest.fixture(scope="module")
def document():
    return json.loads(make())


def owners(*paths):
    return [line.split()[1] for line in run(LIBRARIES, "owners", *paths).stdout.splitlines()]


def package_of(document, name):
    found = [entry for entry in document["packages"] if entry["name"] == name]
    assert len(found) == 1, name
    return found[0]


def related(document, kind):
    return {(entry["spdxElementId"], entry["relatedSpdxElement"])
            for entry in document["relationships"] if entry["relationshipType"] == kind}


def test_it_says_what_spdx_2_3_demands(document):
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["dataLicense"] == "CC0-1.0"
    assert document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(r"https://[^#\s]+", document["documentNamespace"])
    assert document["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert all(re.match(r"(Tool|Person|Organization): \S", one)
               for one in document["creationInfo"]["creators"])
    ids = [entry["SPDXID"] for entry in document["packages"]]
    assert len(set(ids)) == len(ids)
    for entry in document["packages"]:
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", entry["SPDXID"])
        for member in ("name", "versionInfo", "downloadLocation", "licenseDeclared",
                       "licenseConcluded", "copyrightText"):
            assert entry[member], (entry["name"], member)
        assert entry["filesAnalyzed"] is False
    for entry in document["relationships"]:
        assert {entry["spdxElementId"], entry["relatedSpdxElement"]} <= {*ids, "SPDXRef-DOCUMENT"}


def test_it_describes_this_very_program(document):
    root = package_of(document, "guidon")
    assert root["versionInfo"] == version()
    digest = hashlib.sha256(BINARY.read_bytes()).hexdigest()
    assert root["checksums"] == [{"algorithm": "SHA256", "checksumValue": digest}]
    assert related(document, "DESCRIBES") == {("SPDXRef-DOCUMENT", root["SPDXID"])}


def test_every_library_the_loader_needs_is_in_it(document):
    root = package_of(document, "guidon")["SPDXID"]
    links = related(document, "DYNAMIC_LINK")
    paths = run(LIBRARIES, "linked", BINARY).stdout.split()
    for name in re.findall(r"NEEDED.*\[(.+?)\]", run("readelf", "-dW", BINARY).stdout):
        owner = owners(next(path for path in paths if path.endswith("/" + name)))[0]
        entry = package_of(document, owner)
        assert (root, entry["SPDXID"]) in links, name
        installed = run("dpkg-query", "-W", "-f", "${Version}\n", owner).stdout
        assert entry["versionInfo"] == installed.splitlines()[0]
        assert entry["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/")


def test_what_is_loaded_by_name_and_what_that_links_are_in_it(document):
    root = package_of(document, "guidon")["SPDXID"]
    loaded = run(LIBRARIES, "loaded", BINARY).stdout.split()
    assert loaded
    for owner in owners(*loaded):
        entry = package_of(document, owner)
        assert (entry["SPDXID"], root) in related(document, "RUNTIME_DEPENDENCY_OF")
    for owner in owners(*run(LIBRARIES, "closure", BINARY).stdout.split()):
        package_of(document, owner)


def test_whatever_a_server_has_loaded_is_in_it(document, tmp_path):
    """Not by what the file says: by what is mapped in a server that speaks TLS."""
    server = TlsServer(tmp_path).start()
    maps = pathlib.Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8")
    server.close()
    mapped = sorted(set(re.findall(r" (/\S+\.so[.\d]*)$", maps, re.M)))
    assert any("libssl" in path for path in mapped)
    for path, owner in zip(mapped, owners(*mapped)):
        assert owner != "-", path
        package_of(document, owner)
    names = {entry["name"] for entry in document["packages"]}
    record("S14", "parts", listed=len(names), loaded=len(mapped), missing=0)


@pytest.mark.skipif(not os.path.exists(LLHTTP), reason="llhttp is a shared library here")
def test_the_parser_compiled_in_is_in_it(document):
    entry = package_of(document, "llhttp")
    assert related(document, "STATIC_LINK") == {
        (package_of(document, "guidon")["SPDXID"], entry["SPDXID"])}
    assert entry["licenseDeclared"] == "MIT"
    assert b"llhttp" in BINARY.read_bytes() or "llhttp_execute" in run("nm", BINARY).stdout


def test_spdx_s_own_validator_agrees(judges, tmp_path):
    good, bad = tmp_path / "good.spdx.json", tmp_path / "bad.spdx.json"
    good.write_text(make())
    done = run(judges / "pyspdxtools", "-i", good, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    bad.write_text(make().replace('"SPDXRef-Package-guidon"', '"Package guidon"', 1))
    assert run(judges / "pyspdxtools", "-i", bad, check=False).returncode != 0


def test_it_is_the_same_every_time_and_another_for_another_program(tmp_path):
    first = make()
    assert make() == first
    other = tmp_path / "guidon"
    other.write_bytes(BINARY.read_bytes() + b"\0")
    other.chmod(0o755)
    assert json.loads(make(other))["documentNamespace"] != json.loads(first)["documentNamespace"]
