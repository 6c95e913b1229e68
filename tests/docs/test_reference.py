# SPDX-License-Identifier: Apache-2.0
"""What docs/cli.md lists is what the binary has."""
import re

import pytest

import reference
from harness import BINARY, ROOT

PAGE = ROOT / "docs" / "cli.md"


@pytest.fixture(autouse=True)
def the_binary(monkeypatch):
    monkeypatch.setattr(reference, "BINARY", str(BINARY))


def test_the_page_lists_what_the_binary_has():
    kept = PAGE.read_text().partition(reference.BEGIN)[2].partition(reference.END)[0]
    made = reference.reference()
    assert made.count("| `guidon ") > 80
    assert kept == made, "tests/docs/reference.py --write puts it right"


def test_the_exit_codes_are_the_binary_s():
    table = re.findall(r"^\| (\d) \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(map(int, table)) == sorted(reference.described()["exitStatuses"].values())
