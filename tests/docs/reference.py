#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference on docs/cli.md, out of what the binary says of itself (`guidon --help -o json`).

    tests/docs/reference.py           prints it
    tests/docs/reference.py --write   puts it on the page
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("GUIDON_BINARY", str(ROOT / "build" / "guidon"))
PAGE = ROOT / "docs" / "cli.md"
BEGIN, END = "<!-- reference -->\n", "<!-- end of the reference -->\n"
INDENT = "&nbsp;&nbsp;"


def described():
    """All commands, without what this machine has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUIDON_")}
    done = subprocess.run([BINARY, "--help", "-o", "json"], capture_output=True, text=True,
                          check=True, stdin=subprocess.DEVNULL, env=kept)
    return json.loads(done.stdout)


def row(code, text, indent=""):
    """A row of a table, in which a bar would be the end of a cell."""
    cells = [one.replace("|", "\\|") for one in (code, text)]
    return f"| {indent}`{cells[0]}` | {cells[1]} |"


def option_row(option):
    letter = f"-{option['letter']}, " if "letter" in option else ""
    value = f" {option['value']}" if "value" in option else ""
    again = " (may be repeated)" if option["repeatable"] else ""
    return row(f"{letter}--{option['name']}{value}", option["help"] + again, INDENT)


def setting_row(setting):
    initial = f" [{setting['initial']}]" if setting["initial"] else ""
    return row(f"--{setting['name']}", setting["help"] + initial, INDENT)


def command_rows(command):
    words = " ".join(filter(None, ("guidon", command["noun"], command["verb"],
                                   command["arguments"])))
    return [row(words, command["summary"]), *map(option_row, command["options"]),
            *map(setting_row, command.get("settings", []))]


def reference():
    commands = described()["commands"]
    lines = []
    for topic in dict.fromkeys(command["topic"] for command in commands):
        lines += ["", f"### {topic}", "", "| | |", "|---|---|"]
        for command in commands:
            if command["topic"] == topic:
                lines += command_rows(command)
    return "\n".join(lines[1:]) + "\n"


def main():
    if sys.argv[1:] != ["--write"]:
        print(reference(), end="")
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + reference() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
