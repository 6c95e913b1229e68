# SPDX-License-Identifier: Apache-2.0
"""The Debian package as a file: what is in it, what it says of itself, what lintian says of it."""
import gzip
import hashlib
import re
import shutil

import pytest

from conftest import EPOCH, build_package, version
from harness import BINARY, ROOT
from places import run, skip


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    run("dpkg-deb", "-R", package, folder)
    return folder


def field(package, name):
    return run("dpkg-deb", "-f", package, name).stdout.strip()


def test_it_is_named_after_version_and_architecture(package):
    architecture = run("dpkg", "--print-architecture").stdout.strip()
    assert package.name == f"guidon_{version()}_{architecture}.deb"
    assert field(package, "Version") == version()
    assert field(package, "Architecture") == architecture


def test_it_depends_on_all_that_the_program_links_and_loads(package):
    depends = {re.split(r"[ (]", entry.strip())[0] for entry in field(package, "Depends").split(",")}
    libraries = ROOT / "packaging" / "libraries"
    linked = re.findall(r"NEEDED.*\[(.+?)\]", run("readelf", "-dW", BINARY).stdout)
    assert linked
    paths = run(libraries, "linked", BINARY).stdout.split()
    loaded = run(libraries, "loaded", BINARY).stdout.split()
    assert any("libcurl" in path for path in loaded), "the command line loads libcurl"
    wanted = [path for path in paths if path.rsplit("/", 1)[1] in linked] + loaded
    assert len(wanted) == len(linked) + len(loaded)
    for line in run(libraries, "owners", *wanted).stdout.splitlines():
        assert line.split()[1] in depends, line


def test_every_file_is_root_s_and_of_the_source_s_time_at_the_latest(package):
    listed = run("dpkg-deb", "-c", package, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}).stdout
    for line in listed.splitlines():
        mode, owner, _, day, clock, name = line.split()[:6]
        assert owner == "root/root", line
        assert (day, clock) == ("2023-11-14", "22:13"), line
        assert "w" not in mode[4:] or mode[0] == "l", line
        assert "s" not in mode, name
    assert EPOCH == "1700000000"


def test_the_program_in_it_runs_and_has_no_debugger_s_tables(tree):
    program = tree / "usr" / "bin" / "guidon"
    assert run(program, "--version").stdout == f"guidon {version()}\n"
    assert ".debug_info" not in run("readelf", "-SW", program).stdout


def test_the_vendor_s_name_is_not_on_the_path(tree):
    taken = list(tree.rglob("superflag"))
    assert taken == [tree / "usr" / "lib" / "guidon" / "superflag"]
    assert taken[0].resolve() == tree / "usr" / "bin" / "guidon"


def test_settings_are_the_only_conffile(tree):
    assert (tree / "DEBIAN" / "conffiles").read_text() == "/etc/guidon/guidon.conf\n"
    assert [p.name for p in (tree / "etc").rglob("*") if p.is_file()] == ["guidon.conf"]


def test_the_sums_are_those_of_the_files(tree):
    sums = (tree / "DEBIAN" / "md5sums").read_text().splitlines()
    said = {line.split("  ", 1)[1]: line.split("  ", 1)[0] for line in sums}
    there = {str(path.relative_to(tree)): hashlib.md5(path.read_bytes()).hexdigest()
             for path in tree.rglob("*") if path.is_file() and not path.is_symlink()
             and path.relative_to(tree).parts[0] not in ("DEBIAN", "etc")}
    assert said == there


def test_it_brings_man_pages_and_completions(tree):
    pages = sorted((tree / "usr/share/man/man1").glob("*.gz"))
    assert "guidon.1.gz" in [page.name for page in pages]
    for page in pages:
        assert gzip.decompress(page.read_bytes()).startswith((b".\\\"", b".TH", b".Dd", b"'\\\"")), page
    for path, word in (("usr/share/bash-completion/completions/guidon", "complete"),
                       ("usr/share/zsh/vendor-completions/_guidon", "#compdef"),
                       ("usr/share/fish/vendor_completions.d/guidon.fish", "complete -c guidon")):
        assert word in (tree / path).read_text(), path


def test_its_change_log_is_of_this_version_and_in_debian_s_form(tree):
    text = gzip.decompress((tree / "usr/share/doc/guidon/changelog.gz").read_bytes()).decode()
    lines = text.splitlines()
    assert lines[0] == f"guidon ({version()}) stable; urgency=medium"
    assert lines[-1].endswith("Tue, 14 Nov 2023 22:13:20 +0000")
    assert sum(line.startswith("  * ") for line in lines) >= 3
    assert max(map(len, lines[:-1])) <= 80


def test_building_it_again_gives_the_same_bytes(package, tmp_path):
    kept = shutil.copy(package, tmp_path / "kept.deb")
    again = build_package(BINARY, version())
    assert again.read_bytes() == kept.read_bytes()


def test_lintian_has_nothing_to_say(package):
    if shutil.which("lintian") is None:
        skip("needs lintian: tools/install packaging-test")
    done = run("lintian", "--allow-root", "--info", "--fail-on", "error,warning", package,
               check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"^[EW]: ", done.stdout, re.M), done.stdout


def test_make_install_lays_the_program_below_a_folder(tmp_path):
    run("make", "-C", ROOT, f"BUILD={BINARY.parent}", "install", f"DESTDIR={tmp_path}",
        "PREFIX=/opt/guidon")
    assert run(tmp_path / "opt/guidon/bin/guidon", "--version").stdout == f"guidon {version()}\n"
    assert (tmp_path / "opt/guidon/share/man/man1/guidon.1").exists()
