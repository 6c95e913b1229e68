# SPDX-License-Identifier: Apache-2.0
"""Every fenced block of the documentation does what its language promises, on a server of its own.

The rules are in README.md beside this file. A block that no rule knows fails.
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib
import xml.etree.ElementTree as xml

import pytest
import yaml

import packages
from harness import BINARY, ROOT, clean_environment
from page import pages
from room import Failure, Room, free_port, matches

PAGES = pages()
PROGRAMS = {"js", "mjs", "ts", "tsx", "jsx", "python", "go", "java", "html"}


WITH_COMMANDS = [page for page in PAGES if page.commands]


def outputs_shown(page):
    """The page's `text` blocks, each with the commands that print it."""
    return [(before, block) for before, block in zip(page.blocks, page.blocks[1:])
            if block.language == "text" and before in page.commands]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A page's room after its commands, which run once."""
    rooms = {}

    def run(page):
        if page.name not in rooms:
            room = rooms[page.name] = Room(page, tmp_path_factory.mktemp("room")).open()
            try:
                room.run()
            except Failure as failure:
                room.failure = str(failure)
            room.close()
        return rooms[page.name]
    return run


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_its_commands_work(page, ran):
    room = ran(page)
    assert not room.failure, room.failure
    if room.skipped:
        pytest.skip(f"{page.name}: {room.skipped}, WHAT STANDS BEHIND IT WAS NOT RUN")


@pytest.mark.parametrize("page", filter(outputs_shown, WITH_COMMANDS), ids=lambda page: page.name)
def test_they_print_what_the_page_shows(page, ran):
    room = ran(page)
    for before, block in outputs_shown(page):
        if not room.has_run(before):
            assert room.skipped or room.failure
            continue
        printed = room.printed(before)
        assert matches(block.text, printed), \
            f"{block.where}: the page shows\n{block.text}\nbut this was printed:\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_tested(page):
    for before, block in zip([None, *page.blocks], page.blocks):
        known = KINDS.get(block.language)
        assert known, f"{block.where}: no rule for a block of `{block.language}`"
        assert not block.unknown, f"{block.where}: {block.unknown} means nothing here"
        known(before, block)


# ---- one rule for each kind -------------------------------------------------------------------
def shell_rule(before, block):
    del before
    if "run-by" in block.says:
        assert_run_by(block)
    checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True,
                             check=False)
    assert checked.returncode == 0, f"{block.where}: {checked.stderr}"


def text_rule(before, block):
    assert before is not None and before.language == "sh", \
        f"{block.where}: output of no command: a `text` block stands right behind its `sh` block"


def program_rule(before, block):
    """A program is written where it says, and a later command runs that file."""
    del before
    if "file" not in block.says and block.language == "js":
        snippet_rule(block)
        return
    if "file" not in block.says and block.language == "jsx":
        element_rule(block)
        return
    assert "file" in block.says, f"{block.where}: which file=NAME is this?"
    behind = block.page.blocks[block.page.blocks.index(block) + 1:]
    name = pathlib.PurePath(block.says["file"])
    assert any(name.stem in later.text for later in behind if later.language == "sh"), \
        f"{block.where}: no command behind it runs {name}"


def element_rule(block):
    """What only a browser runs, of elements: it is whole, and its addresses are some of ours."""
    try:
        xml.fromstring(f"<all>{re.sub(r'[{][^{}]*[}]', 'value', block.text)}</all>")
    except xml.ParseError as error:
        raise AssertionError(f"{block.where}: {error}") from error
    for path in re.findall(r"http://127\.0\.0\.1:8080(/[\w./-]+)", block.text):
        assert path in served_paths(), f"{block.where}: the server has no {path}"


def served_paths():
    """The paths that the vendors' dialects route, as their tables say them."""
    tables = (ROOT / "src" / "dialect").glob("*/routes.c")
    return set(re.findall(r'"(/[\w./{}-]+)"', "".join(path.read_text() for path in tables)))


IMPORT = re.compile(r"^import (?:(\w+)|\* as \w+|\{([^}]*)\}) from '([^']+)';?$", re.MULTILINE)


def snippet_rule(block):
    """What only a browser runs: it is JavaScript, and what it imports is there to be imported."""
    node = shutil.which("node")
    if node is None:
        pytest.skip(f"NODE IS MISSING: {block.where} was NOT looked at")
    checked = subprocess.run([node, "--input-type=module", "--check"], input=block.text, text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0, f"{block.where}: {checked.stderr}"
    for whole, names, package in IMPORT.findall(block.text):
        assert package in packages.npm_names(), f"{block.where}: tests/sdk has no {package}"
        wanted = [whole and "default"]
        wanted += [name.split(" as ")[0].strip() for name in names.split(",")]
        for name in filter(None, wanted):
            declared = "\n".join(path.read_text(errors="replace")
                                 for path in declarations(package))
            assert name == "default" or re.search(rf"\b{name}\b", declared), \
                f"{block.where}: {package} has no {name}"


def declarations(package):
    folder = ROOT / "tests" / "sdk" / "npm" / "node_modules" / package
    if not folder.exists():
        pytest.skip(f"{package} IS NOT INSTALLED: make sdk-npm does that")
    return list(folder.rglob("*.d.ts"))


def parsed_by(parse):
    def rule(before, block):
        del before
        try:
            parse(block.text)
        except Exception as error:
            raise AssertionError(f"{block.where}: {error}") from error
    return rule


def xml_rule(before, block):
    """Maven coordinates are those whose SDK is tested."""
    del before
    try:
        root = xml.fromstring(f"<all>{re.sub(r'<[?].*?[?]>', '', block.text)}</all>")
    except xml.ParseError as error:
        raise AssertionError(f"{block.where}: {error}") from error
    for dependency in root.iter():
        if dependency.tag.rpartition("}")[2] == "dependency":
            parts = {child.tag.rpartition("}")[2]: child.text for child in dependency}
            is_known = packages.maven_has(parts["groupId"], parts["artifactId"],
                                          parts.get("version"))
            assert is_known, f"{block.where}: {parts} is none that tests/sdk installs"


def settings_rule(before, block):
    """The server takes them: with a certificate and folders that are here."""
    del before
    done = check_settings(block.text)
    assert done.returncode == 0, f"{block.where}: {done.stderr}"


def run_by_rule(before, block):
    """Files of programs that are not ours: a test of the packages has them."""
    del before
    assert_run_by(block)


KINDS = {"sh": shell_rule, "text": text_rule, "json": parsed_by(json.loads),
         "yaml": parsed_by(lambda text: list(yaml.safe_load_all(text))),
         "toml": parsed_by(tomllib.loads), "conf": settings_rule, "xml": xml_rule,
         "ndjson": parsed_by(lambda text: [json.loads(line) for line in text.splitlines()]),
         "nginx": run_by_rule, "haproxy": run_by_rule, "ini": run_by_rule,
         **{language: program_rule for language in PROGRAMS}}


def reduced(text):
    """Words alone: a command line and the list of words that a test runs look the same. A test has
    files and ways of keeping quiet of its own: options of one letter and paths do not count."""
    words = re.findall(r"[\w./@:=*+%~-]+", text)
    return " ".join(word for word in words
                    if "/" not in word and not re.fullmatch(r"-\w+|--allow-downgrades", word))


def assert_run_by(block):
    """The named test is there, and what it runs is what the page says."""
    file, _, name = block.says["run-by"].partition("::")
    path = ROOT / file
    assert path.is_file() and file.startswith(("tests/packaging/", "tests/api/")), f"{block.where}: no {file}"
    source = path.read_text()
    if name:
        assert re.search(rf"^def {re.escape(name)}\(", source, re.MULTILINE), \
            f"{block.where}: {file} has no {name}"
    held = " " + reduced(source) + " "
    for line in block.lines:
        words = reduced(line.partition(" #")[0])
        if words and not line.lstrip().startswith("#"):
            assert f" {words} " in held, f"{block.where}: {file} runs no `{words}`"


def check_settings(text, folder=None):
    """What `guidon serve --config check` says about a file of these lines."""
    folder = folder or pathlib.Path(_settings_folder())
    for name in set(re.findall(r"^[a-z-]+\s*=\s*(/\S+)$", text, re.MULTILINE)):
        text = text.replace(name, str(folder / pathlib.PurePath(name).name))
    text = re.sub(r"(127\.0\.0\.1|localhost):\d+", lambda m: f"{m[1]}:{free_port()}", text)
    (folder / "guidon.conf").write_text(text)
    return subprocess.run([BINARY, "serve", "--config-file", folder / "guidon.conf",
                           "--config", "check"], capture_output=True, text=True, check=False,
                          env=clean_environment(), cwd=folder)


_folder = []


def _settings_folder():
    """A place that has the certificate every page may speak of."""
    if not _folder:
        _folder.append(tempfile.TemporaryDirectory())
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", "key.pem", "-out", "certificate.pem"],
                       cwd=_folder[0].name, check=True, capture_output=True)
    return _folder[0].name
