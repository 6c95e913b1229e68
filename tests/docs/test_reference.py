# SPDX-License-Identifier: Apache-2.0
"""What docs/cli.md lists is what the binary has."""
import re

import reference
from harness import BINARY, ROOT

PAGE = ROOT / "docs" / "cli.md"


def test_the_page_lists_what_the_binary_has(monkeypatch):
    monkeypatch.setattr(reference, "BINARY", str(BINARY))
    text = PAGE.read_text()
    kept = text.partition(reference.BEGIN)[2].partition(reference.END)[0]
    made = reference.reference()
    assert made.count("| `guidon ") > 80
    assert kept == made, "tests/docs/reference.py --write puts it right"


def test_the_exit_codes_are_those_of_the_help(monkeypatch):
    monkeypatch.setattr(reference, "BINARY", str(BINARY))
    help_line = re.search(r"Exit codes: (.*?)\.\n", reference.said("--help"), re.DOTALL).group(1)
    codes = re.findall(r"\b(\d) ", help_line)
    table = re.findall(r"^\| (\d) \|", PAGE.read_text(), re.MULTILINE)
    assert table == codes == [str(code) for code in range(9)]
