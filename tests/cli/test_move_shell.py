# SPDX-License-Identifier: Apache-2.0
"""completion in real shells, manual pages, help for programs."""
import json
import re
import shutil
import socket
import subprocess
import time

import pytest

from cli import Cli, Talk


def answers(cli, *words):
    """What a shell is told, as {word: help}."""
    done = cli.run("__complete", *words).ok()
    return dict(line.split("\t") for line in done.lines if "\t" in line)


def offers(cli, *words):
    return list(answers(cli, *words))


@pytest.fixture
def flags(guidon):
    for key in ("dark-mode", "dark-age", "light"):
        guidon.run("flag", "create", key).ok()
    guidon.run("segment", "put", "beta", "-", "--yes", input='{"included":["ann"]}').ok()
    return guidon


# ---- what is offered -------------------------------------------------------------------------------
def test_words_come_from_the_tables(guidon):
    first = answers(guidon, "")
    assert {"login", "flag", "flags", "audit", "serve", "tail", "help"} <= set(first)
    assert all(first.values()) and "__complete" not in first
    assert offers(guidon, "aud") == ["audit"]
    assert {"list", "get", "create"} <= set(offers(guidon, "flag", ""))
    assert set(offers(guidon, "audit", "")) == {"list", "export", "verify"}
    assert {"toggle", "history"} <= set(offers(guidon, "flags", ""))
    assert offers(guidon, "nonsense", "") == []


def test_options_and_choices(guidon):
    assert {"--prune", "--out", "--env", "--output"} <= set(offers(guidon, "plan", "--"))
    assert "--prune" not in offers(guidon, "--")
    assert offers(guidon, "-o", "") == ["json", "table", "tsv"]
    assert offers(guidon, "--output=t") == ["--output=table", "--output=tsv"]
    assert offers(guidon, "--output", "=", "t") == ["table", "tsv"]
    assert offers(guidon, "import", "x", "--mode", "") == ["merge", "replace"]
    assert offers(guidon, "completion", "") == ["bash", "zsh", "fish"]
    assert {"--listen", "--data"} <= set(offers(guidon, "serve", "--"))
    assert guidon.run("__complete", "plan", "").ok().out == ":files\n"
    assert guidon.run("__complete").ok().out == ""


def test_keys_apps_and_environments_come_from_the_server(flags, app):
    assert offers(flags, "flag", "get", "") == ["dark-age", "dark-mode", "light"]
    assert offers(flags, "flag", "get", "dark-m") == ["dark-mode"]
    assert offers(flags, "flag", "get", "--env", "staging", "") == []
    assert offers(flags, "why", "li") == ["light"]
    assert offers(flags, "segment", "get", "") == ["beta"]
    assert offers(flags, "flag", "list", "--env", "st") == ["staging"]
    assert f"{app.name}" in offers(flags, "--app", app.name[:5])
    elsewhere = offers(flags.having(SUPERFLAG_HOME=flags.place / "none", GUIDON_API=None,
                                    GUIDON_TOKEN=None), "--env", "")
    assert elsewhere == []


def test_nothing_wrong_is_ever_said(flags, stranger):
    assert stranger.run("__complete", "flag", "get", "").ok().err == ""
    for more in ({"GUIDON_API": "http://127.0.0.1:9"}, {"GUIDON_API": "nonsense"},
                 {"GUIDON_TOKEN": "wrong"}):
        done = flags.having(**more).run("__complete", "flag", "get", "").ok()
        assert (done.out, done.err) == ("", "")
    (flags.home / "context.json").write_text("{")
    broken = flags.run("__complete", "flag", "get", "").ok()
    assert (broken.out, broken.err) == ("", "")


def test_a_silent_server_is_not_waited_for(flags):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = flags.having(GUIDON_API=f"http://127.0.0.1:{silent.getsockname()[1]}",
                            GUIDON_TOKEN="x")
        began = time.monotonic()
        assert slow.run("__complete", "flag", "get", "").ok().out == ""
        assert 0.4 < time.monotonic() - began < 2


# ---- real shells -----------------------------------------------------------------------------------
def shell(cli, name, script, *more):
    """What a shell says to a script, with the completion of this name in @COMPLETION@."""
    text = cli.run("completion", name).ok().out
    place = cli.work / f"completion.{name}"
    place.write_text(text)
    done = subprocess.run([name, *more, "-c", script.replace("@COMPLETION@", str(place))],
                          capture_output=True, text=True, cwd=cli.work, timeout=30, check=False,
                          stdin=subprocess.DEVNULL,
                          env={**cli.variables(), "PATH": f"{cli.bin}:/usr/bin:/bin"})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


def bash(cli, *words):
    """What bash would complete the last word to."""
    quoted = " ".join("'" + word + "'" for word in ("guidon", *words))
    return shell(cli, "bash", f"""source @COMPLETION@
        COMP_WORDS=({quoted}); COMP_CWORD={len(words)}
        _guidon; printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p guidon >/dev/null""")


def test_bash_completes(flags):
    assert bash(flags, "audit", "v") == ["verify"]
    assert bash(flags, "flag", "get", "dark-") == ["dark-age", "dark-mode"]
    assert bash(flags, "flag", "list", "--env", "=", "sta") == ["staging"]
    assert bash(flags, "-o", "") == ["json", "table", "tsv"]
    flags.write("shop.json", "{}")
    assert bash(flags, "plan", "sh") == ["shop.json"]
    assert bash(flags, "nonsense", "x") == []


def test_bash_completes_at_a_terminal(flags):
    """The whole way: a tab, at a prompt, to a key that only the server knows."""
    (flags.work / "rc").write_text("PS1='> '; bind 'set enable-bracketed-paste off'\n"
                                   f"PATH={flags.bin}:$PATH; eval \"$(guidon completion bash)\"\n")
    talk = Talk(["bash", "--noprofile", "--rcfile", "rc", "-i"], flags.variables(), flags.work, 100, 40)
    try:
        talk.expect("> ")
        talk.type("guidon flag get dark-m\t --document | tr -d '\\n ' | cut -c1-18\n")
        talk.expect(r'\{"key":"dark-mode"')
        talk.type("exit\n")
        talk.end()
    finally:
        talk.close()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_completes(flags):
    """_describe is where zsh takes matches from; what it is given is what would be shown."""
    said = shell(flags, "zsh", """
        compdef() { print compdef $* }
        _describe() { print -l -- ${(P)4} }
        _files() { print files }
        source @COMPLETION@
        words=(guidon flag get dark-) CURRENT=4; _guidon
        words=(guidon audit v) CURRENT=3; _guidon
        words=(guidon plan x) CURRENT=3; _guidon""", "-f")
    assert said[:2] == ["compdef", "_guidon"] and "files" in said
    assert [word for word in said if word.startswith("dark-")] == ["dark-age:", "dark-mode:"]
    assert any(word.startswith("verify:") for word in said)


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_completes(flags):
    flags.write("shop.json", "{}")
    said = shell(flags, "fish", """source @COMPLETION@
        complete -C 'guidon flag get dark-' | string split -f1 \\t
        complete -C 'guidon plan sho' | string split -f1 \\t
        complete -C 'guidon audit v' | string split -f1 \\t""", "--no-config")
    assert said == ["dark-age", "dark-mode", "shop.json", "verify"]


def test_scripts_are_for_the_name_they_were_asked_by(guidon):
    assert "complete -F _superflag superflag" in guidon.named("superflag").run(
        "completion", "bash").ok().out
    refused = guidon.run("completion", "tcsh").ended(4)
    assert "bash, zsh and fish" in refused.err


# ---- manual pages ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("man"))
    cli.run("man", "pages").ok()
    return cli.work / "pages"


def all_of(pages):
    return sorted(path for path in pages.rglob("*") if path.is_file())


def test_every_command_has_a_page(pages, tmp_path):
    names = {path.name for path in all_of(pages)}
    told = json.loads(Cli(tmp_path).run("--help", "-o", "json").ok().out)
    for command in told["commands"]:
        page = f"guidon-{command['noun'] or command['verb']}.1"
        assert page in names
        text = (pages / "man1" / page).read_text()
        name = f"{command['noun']} {command['verb']}".strip()
        assert f'.SS "{name}"' in text, page
        for option in command["options"]:
            assert "\\-\\-" + option["name"].replace("-", "\\-") in text
    assert {"guidon.1", "guidon.conf.5"} <= names


def test_the_settings_have_a_page(pages, tmp_path):
    text = (pages / "man5" / "guidon.conf.5").read_text()
    listed = re.findall(r"^  --(\S+)", Cli(tmp_path).run("serve", "--help").ok().out, re.MULTILINE)
    assert len(listed) > 20
    for name in set(listed) - {"config", "config-file", "origin"}:
        assert "\\fB" + name.replace("-", "\\-") + "\\fR" in text


@pytest.mark.skipif(shutil.which("man") is None, reason="no man here")
def test_pages_are_good_roff(pages):
    for page in all_of(pages):
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)],
                              capture_output=True, text=True, timeout=30, check=False,
                              env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        assert done.returncode == 0 and done.stderr == "", f"{page.name}: {done.stderr}"


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="no mandoc here")
def test_pages_are_good_for_mandoc(pages):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *map(str, all_of(pages))],
                          capture_output=True, text=True, timeout=60, check=False)
    # Without a date the same program writes the same pages.
    said = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert said == []


def test_pages_are_the_same_each_time(pages, tmp_path):
    cli = Cli(tmp_path)
    cli.run("man", "again").ok()
    for page in all_of(pages):
        assert (cli.work / "again" / page.relative_to(pages)).read_bytes() == page.read_bytes()
    assert cli.run("man").ok().out == (pages / "man1" / "guidon.1").read_text()
    cli.write("file", "x")
    cli.run("man", "file/below").ended(1)


# ---- help for programs -----------------------------------------------------------------------------
def test_help_as_data(tmp_path):
    cli = Cli(tmp_path)
    told = cli.run("--help", "-o", "json").ok().json()
    assert told["exitStatuses"]["changes"] == 2 and len(told["commands"]) > 80
    assert {option["name"] for option in told["options"]} >= {"env", "output", "yes"}
    assert not any(command["verb"].startswith("_") for command in told["commands"])
    audit = cli.run("audit", "--help", "-o", "json").ok().json()["commands"]
    assert [command["verb"] for command in audit] == ["list", "export", "verify"]
    one = cli.run("plan", "-o", "json", "--help").ok().json()["commands"]
    assert [command["verb"] for command in one] == ["plan"]
    assert one[0]["argumentsMin"] == 1 and one[0]["needs"] == "environment"
    assert cli.run("nonsense", "--help", "-o", "json").ended(4).out == ""


def test_help_fits_a_screen(tmp_path):
    cli = Cli(tmp_path)
    for command in cli.run("--help", "-o", "json").ok().json()["commands"]:
        words = [word for word in (command["noun"], command["verb"]) if word]
        if command["topic"] == "Operate" and command["verb"] != "backup":
            continue  # the server's own: as many settings as there are
        lines = cli.run(*words, "--help").lines
        assert len(lines) <= 24, words
    assert len(cli.run("--help").ok().lines) <= 24


def test_examples_are_of_commands_there_are(tmp_path):
    cli = Cli(tmp_path)
    commands = cli.run("--help", "-o", "json").ok().json()
    known = {(c["noun"], c["verb"]): c for c in commands["commands"]}
    for command in commands["commands"]:
        options = {o["name"] for o in command["options"] + commands["options"]}
        for example in command["examples"]:
            line = re.split(r"[|;&>]", example.split("  ")[0])[0]
            words = line.split()
            noun = command["noun"]
            verb = words[1] if noun and len(words) > 1 else words[0]
            named = known.get((noun, verb))
            assert named, example
            options |= {o["name"] for o in named["options"]}
            for option in re.findall(r" --([a-z-]+)", line):
                assert option in options, example
