# SPDX-License-Identifier: Apache-2.0
"""Settings: flag before variable before file before default, and no silent mistakes."""
import re
import subprocess

import pytest

from harness import BINARY, clean_environment


def guidon(*arguments, **environment):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, timeout=30,
                          env=clean_environment(**environment))


def printed(*arguments, **environment):
    """The settings in force, as `--config print` lists them."""
    done = guidon("serve", "--config", "print", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return {name: value.strip('"') for name, value in
            re.findall(r"^([a-z-]+) = (.*)$", done.stdout, re.MULTILINE)}


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "guidon.conf"
        path.write_text(text)
        return str(path)
    return write


def test_help_lists_every_setting_and_succeeds():
    done = guidon("serve", "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for name in ("--listen", "--data", "--bootstrap-token-file", "--config", *printed()):
        assert "--" + name.lstrip("-") in done.stdout
    for variable in ("GUIDON_",):
        assert variable in done.stdout


def test_version_is_told():
    done = guidon("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"guidon \d+\.\d+\.\d+\S*\n", done.stdout)


def test_the_default_listens_on_loopback_only():
    settings = printed()
    assert settings["listen"] == "127.0.0.1:8080"
    assert settings["data"] == "./data"


def test_the_default_drain_leaves_time_to_exit_within_10_seconds():
    """Whoever stops us counts from the signal to the end of the process, drain and all."""
    assert int(printed()["drain-timeout-ms"]) < 10000


def test_a_file_sets(file):
    path = file("# a comment\n\nidle-timeout-ms = 1001\nlog-level=debug\n")
    settings = printed("--config-file", path)
    assert (settings["idle-timeout-ms"], settings["log-level"]) == ("1001", "debug")


def test_a_variable_sets():
    assert printed(GUIDON_IDLE_TIMEOUT_MS="1002")["idle-timeout-ms"] == "1002"


def test_a_flag_sets_in_both_spellings():
    assert printed("--idle-timeout-ms", "1003")["idle-timeout-ms"] == "1003"
    assert printed("--idle-timeout-ms=1003")["idle-timeout-ms"] == "1003"


def test_a_variable_goes_before_the_file(file):
    path = file("idle-timeout-ms = 1001\nwrite-timeout-ms = 1001\n")
    settings = printed("--config-file", path, GUIDON_IDLE_TIMEOUT_MS="1002")
    assert (settings["idle-timeout-ms"], settings["write-timeout-ms"]) == ("1002", "1001")


def test_a_flag_goes_before_the_variable():
    settings = printed("--idle-timeout-ms", "1003", GUIDON_IDLE_TIMEOUT_MS="1002")
    assert settings["idle-timeout-ms"] == "1003"


def test_a_flag_goes_before_the_file(file):
    path = file("idle-timeout-ms = 1001\n")
    for arguments in (("--config-file", path, "--idle-timeout-ms", "1003"),
                      ("--idle-timeout-ms", "1003", "--config-file", path)):
        assert printed(*arguments)["idle-timeout-ms"] == "1003"


def test_the_file_may_be_named_by_a_variable(file):
    path = file("idle-timeout-ms = 1001\n")
    assert printed(GUIDON_CONFIG_FILE=path)["idle-timeout-ms"] == "1001"


@pytest.mark.parametrize("arguments", [("--log-requests", "true"), ("--log-requests=true",),
                                       ("--log-requests",)], ids=" ".join)
def test_a_switch_is_set_as_help_says(arguments):
    """Usage: guidon serve [--name value | --name=value]..."""
    assert printed(*arguments)["log-requests"] == "true"


def test_a_switch_can_be_set_off_again():
    assert printed("--log-requests=false", GUIDON_LOG_REQUESTS="true")["log-requests"] == "false"


def test_what_print_shows_can_be_read_as_a_file(file):
    done = guidon("serve", "--config", "print", "--idle-timeout-ms", "1003", "--log-requests=true")
    settings = printed("--config-file", file(done.stdout))
    assert (settings["idle-timeout-ms"], settings["log-requests"]) == ("1003", "true")
    assert settings["listen"] == "127.0.0.1:8080"


def refused(done, *words):
    assert done.returncode > 0
    assert done.stderr.startswith("guidon: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert "listening" not in done.stdout


@pytest.mark.parametrize("typo,meant", [("--lisen", "listen"), ("--dta", "data"),
                                        ("--log-request", "log-requests"),
                                        ("--idle-timeout", "idle-timeout-ms"),
                                        ("--header_timeout_ms", "header-timeout-ms")])
def test_an_unknown_flag_is_refused_with_a_suggestion(typo, meant):
    refused(guidon("serve", typo, "x"), "did you mean", meant)


def test_an_unknown_flag_unlike_any_is_refused_all_the_same():
    refused(guidon("serve", "--completely-different", "x"), "completely-different")


def test_an_unknown_line_of_the_file_is_refused_with_a_suggestion(file):
    done = guidon("serve", "--config-file", file("lisen = 127.0.0.1:0\n"))
    refused(done, "did you mean", "listen")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    refused(guidon("serve", "--config-file", str(tmp_path / "none")), "none")


@pytest.mark.parametrize("text", ["idle-timeout-ms\n", "= 5\n", "idle-timeout-ms = x\n",
                                  "[section]\n",
                                  "idle-timeout-ms 5\n", "idle-timeout-ms = \n"])
def test_a_bad_line_of_the_file_is_refused(file, text):
    refused(guidon("serve", "--config", "check", "--config-file", file(text)))


BAD = [("--idle-timeout-ms", "0"), ("--idle-timeout-ms", "-5"), ("--idle-timeout-ms", "5x"),
       ("--idle-timeout-ms", ""), ("--idle-timeout-ms", "99999999999999999999"), ("--loops", "1.5"),
       ("--loops", "100000"), ("--log-level", "loud"), ("--log-requests=maybe",), ("--data", ""),
       ("--config", "chekc"), ("--header-bytes-max", "1"), ("--listen", ""),
       ("--listen", "nowhere"),
       ("--listen", "127.0.0.1"), ("--listen", "127.0.0.1:"), ("--listen", "127.0.0.1:65536"),
       ("--listen", "127.0.0.1:http"), ("--listen", "127.0.0.1:-1"),
       ("--operations-listen", "nowhere"), ("--listen",), ("extra",)]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_check_refuses_a_bad_setting(arguments):
    check = () if arguments[0] == "--config" else ("--config", "check")
    refused(guidon("serve", *check, *arguments))


@pytest.mark.parametrize("variable,value", [("GUIDON_IDLE_TIMEOUT_MS", "x"), ("GUIDON_LOOPS", "-1"),
                                            ("GUIDON_LOG_REQUESTS", "maybe")])
def test_check_refuses_a_bad_variable(variable, value):
    refused(guidon("serve", "--config", "check", **{variable: value}))


def test_check_accepts_good_settings_and_starts_nothing(tmp_path):
    data = tmp_path / "data"
    done = guidon("serve", "--config", "check", "--data", str(data), "--listen", "127.0.0.1:0")
    assert done.returncode == 0
    assert done.stderr == ""
    assert not data.exists()


@pytest.mark.parametrize("arguments,help_", [(("srve",), "serve`?"), (("serv", "--help"), "serve`?"),
                                             (("",), "--help`")], ids=str)
def test_an_unknown_command_is_refused_with_the_next_step(arguments, help_):
    done = guidon(*arguments)
    assert (done.returncode, done.stdout) == (4, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: there is no command")
    assert help_ in hint


def test_an_address_that_is_taken_is_refused(new_server, tmp_path):
    server = new_server().start()
    done = guidon("serve", "--listen", f"127.0.0.1:{server.port}", "--operations-listen",
                  "127.0.0.1:0", "--data", str(tmp_path / "other"))
    assert done.returncode > 0
    assert done.stderr.splitlines()[-1].startswith("guidon: "), "behind what the log says"
    assert "listening" not in done.stdout


def test_a_data_path_that_is_a_file_is_refused(tmp_path):
    path = tmp_path / "data"
    path.write_text("not a directory")
    done = guidon("serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0",
                  "--data", str(path))
    assert done.returncode > 0
    assert done.stderr.strip()
    assert path.read_text() == "not a directory"


def test_variables_start_a_server(new_server, tmp_path):
    """The settings scripts depend on, by their fixed variable names."""
    server = new_server(GUIDON_LISTEN="127.0.0.1:0", GUIDON_OPERATIONS_LISTEN="127.0.0.1:0",
                        GUIDON_DATA=str(tmp_path / "d"),
                        GUIDON_BOOTSTRAP_TOKEN_FILE=str(tmp_path / "t"))
    server.token_file = tmp_path / "t"
    server.command = lambda: [str(BINARY), "serve"]
    server.start()
    assert (tmp_path / "d").is_dir()
    assert server.api().get("/apps").status_code == 200
    assert server.port != 8080
