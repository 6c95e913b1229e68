# SPDX-License-Identifier: Apache-2.0
"""The unit files: how much they give away, and whether their settings are settings."""
import configparser
import re
import shutil
import subprocess

import pytest

from harness import BINARY, ROOT, clean_environment
from places import run, skip

SYSTEMD = ROOT / "packaging" / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("guidon*"))
CONFIGURATION = ROOT / "packaging" / "deb" / "guidon.conf"
EXPOSURE_MAX = 15  # in tenths


def unit(name):
    parser = configparser.RawConfigParser(strict=False, delimiters="=")
    parser.optionxform = str
    parser.read(SYSTEMD / name)
    return parser


def settings(*arguments, **environment):
    """name -> value as `serve` understands them."""
    said = run(BINARY, "serve", *arguments, "--config", "print",
               env=clean_environment(**environment)).stdout
    return dict(re.findall(r'^([a-z-]+) = "?(.*?)"?(?:\s+#.*)?$', said, re.M))


def analyse(path):
    if shutil.which("systemd-analyze") is None:
        skip("needs systemd-analyze: tools/install packaging-test")
    return run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
               "--no-pager", path, check=False)


def test_the_service_gives_away_less_than_one_and_a_half():
    done = analyse(SYSTEMD / "guidon.service")
    assert "Overall exposure level for guidon.service: " in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


def test_without_its_locks_it_would_give_away_more(tmp_path):
    text = (SYSTEMD / "guidon.service").read_text()
    bare = tmp_path / "guidon.service"
    bare.write_text(text[:text.index("# ---- nothing beyond")] + "[Install]\n")
    assert analyse(bare).returncode != 0


def test_the_server_is_told_where_its_data_and_settings_are():
    start = unit("guidon.service")["Service"]["ExecStart"].split()
    assert start[:2] == ["/usr/bin/guidon", "serve"]
    assert start[start.index("--data") + 1] == "/var/lib/guidon"
    assert start[start.index("--config-file") + 1] == "/etc/guidon/guidon.conf"


def test_stopping_takes_the_server_less_than_the_unit_grants():
    drain_s = int(settings()["drain-timeout-ms"]) / 1000
    assert int(unit("guidon.service")["Service"]["TimeoutStopSec"]) >= drain_s + 2 + 5


@pytest.mark.parametrize("name, address", [("guidon.socket", "main"),
                                           ("guidon-operations.socket", "operations")])
def test_a_socket_says_which_listener_it_is_and_sits_where_the_settings_would(name, address):
    socket = unit(name)["Socket"]
    assert socket["FileDescriptorName"] == address
    assert socket["Service"] == "guidon.service"
    main = settings()["listen"]
    host, port = main.rsplit(":", 1)
    expected = main if address == "main" else f"{host}:{int(port) + 1}"
    assert socket["ListenStream"] == expected


def test_the_shipped_settings_are_good_and_what_is_commented_out_says_the_default(tmp_path):
    assert run(BINARY, "serve", "--config-file", CONFIGURATION, "--config", "check",
               env=clean_environment()).returncode == 0
    defaults = settings()
    commented = re.findall(r"^# ([a-z-]+) = (.*)$", CONFIGURATION.read_text(), re.M)
    assert len(commented) >= 4
    for name, value in commented:
        if name == "operations-listen":  # the default is a rule: one above the main port
            host, port = defaults["listen"].rsplit(":", 1)
            assert value == f"{host}:{int(port) + 1}"
        else:
            assert value == defaults[name], name
    every = tmp_path / "every.conf"
    every.write_text("\n".join(f"{name} = {value}" for name, value in commented))
    assert run(BINARY, "serve", "--config-file", every, "--config", "check",
               env=clean_environment()).returncode == 0


def test_the_examples_name_settings_there_are():
    known = {"GUIDON_" + name.upper().replace("-", "_") for name in settings()}
    known |= {name + "_FILE" for name in known}
    named = set()
    for path in (SYSTEMD / "examples").glob("*.conf"):
        named |= set(re.findall(r"^Environment=(GUIDON_[A-Z_]+)=", path.read_text(), re.M))
    assert named
    assert named <= known


def test_wrong_settings_end_with_the_status_the_unit_does_not_try_again(tmp_path):
    bad = tmp_path / "bad.conf"
    bad.write_text("lisen = 127.0.0.1:1\n")
    done = subprocess.run([str(BINARY), "serve", "--config-file", str(bad)], capture_output=True,
                          check=False, env=clean_environment())
    assert str(done.returncode) == unit("guidon.service")["Service"]["RestartPreventExitStatus"]
