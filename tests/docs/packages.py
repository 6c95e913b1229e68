# SPDX-License-Identifier: Apache-2.0
"""Packages a page says to install: the very ones that tests/sdk installs and tests, and no others.

    packages.py npm|pip|go NAME[@VERSION]...      into the folder it is called in
    packages.py mvn ARGUMENT...

tests/sdk/run fetches them by version and checksum from their registries. Ends with 77 when a
registry is out of reach, or the language is not here.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SDK = ROOT / "tests" / "sdk"
OUT_OF_REACH = 77


def npm_names():
    return set(json.loads((SDK / "npm" / "package.json").read_text())["dependencies"])


def pip_names():
    return set(re.findall(r"^([\w.-]+)==", (SDK / "python" / "requirements.txt").read_text(),
                          re.MULTILINE))


def go_names():
    return set(re.findall(r"^\s*(\S+/\S+) v\S+$", (SDK / "go" / "go.mod").read_text(),
                          re.MULTILINE))


def maven_dependencies():
    found = []
    for one in xml.parse(SDK / "jvm" / "pom.xml").getroot().iter():
        if one.tag.rpartition("}")[2] == "dependency":
            found.append({child.tag.rpartition("}")[2]: child.text for child in one})
    return found


def maven_has(group, artifact, version):
    return any((one["groupId"], one["artifactId"]) == (group, artifact)
               and version in (None, one["version"]) for one in maven_dependencies())


def installed(what, *programs):
    """Has tests/sdk/run fetch a registry's packages, where the language is here."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"{program} IS MISSING")
            sys.exit(OUT_OF_REACH)
    done = subprocess.run([str(SDK / "run"), "install", what], capture_output=True, text=True,
                          check=False, env={**os.environ, "BUILD": os.environ["ROOM_BUILD"]})
    if "SKIPPED, NOTHING WAS TESTED" in done.stdout:
        sys.exit(OUT_OF_REACH)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def wanted(arguments, separators):
    """The names among a command's arguments."""
    for argument in arguments:
        if not argument.startswith("-"):
            yield re.split(separators, argument, maxsplit=1)[0]


def refuse_others(names, known):
    for name in names:
        if name not in known:
            sys.exit(f"{name} is no package that tests/sdk installs")


def link(target, name):
    path = pathlib.Path(name)
    if path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def npm(arguments):
    refuse_others(wanted(arguments, r"(?<=.)@"), npm_names())
    installed("npm", "npm", "node")
    link(SDK / "npm" / "node_modules", "node_modules")


def pip(arguments):
    refuse_others(wanted(arguments, r"[=<>~\[]"), pip_names())
    installed("python")


def go(arguments):
    for name in wanted(arguments, "@"):
        if not any(name == one or name.startswith(one + "/") for one in go_names()):
            sys.exit(f"{name} is no module that tests/sdk installs")
    installed("go", "go")
    for file in ("go.mod", "go.sum"):
        shutil.copy(SDK / "go" / file, file)


def mvn(arguments):
    """The page's pom.xml, or coordinates, and then the jars that its dependencies lead to."""
    coordinates = re.findall(r"(?:artifact=|^)([\w.-]+):([\w.-]+):([\w.-]+)", " ".join(arguments))
    for group, artifact, version in coordinates:
        if "plugin" not in artifact and not maven_has(group, artifact, version):
            sys.exit(f"{group}:{artifact}:{version} is none that tests/sdk installs")
    installed("jvm", "mvn", "java")
    folder = next((one.partition("=")[2] for one in arguments
                   if one.startswith("-DoutputDirectory=")), "target/dependency")
    link(pathlib.Path(os.environ["ROOM_BUILD"]) / "sdk" / "jvm" / "jars", folder)


if __name__ == "__main__":
    {"npm": npm, "pip": pip, "go": go, "mvn": mvn}[sys.argv[1]](sys.argv[2:])
