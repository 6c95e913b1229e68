#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference on docs/cli.md, out of what the binary says of itself.

    tests/docs/reference.py           prints it
    tests/docs/reference.py --write   puts it on the page
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("GUIDON_BINARY", str(ROOT / "build" / "guidon"))
PAGE = ROOT / "docs" / "cli.md"
BEGIN, END = "<!-- reference -->\n", "<!-- end of the reference -->\n"
TOPIC = re.compile(r"^  ([A-Z][a-z]+) +((?:[a-z]+ )+)$", re.MULTILINE)


def said(*words):
    """What the binary prints, without the machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUIDON_")}
    return subprocess.run([BINARY, *words], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL, env=kept).stdout


def cell(text):
    return text.replace("|", "\\|")


class Command:
    """One command's help: how it is called, what for, which options."""

    def __init__(self, *words):
        text = said(*words, "--help")
        self.words = " ".join(words)
        if text.startswith("Usage: "):
            self.call, self.summary = self._of_the_server(text)
            self.options = []
            return
        found = re.search(r"^(guidon .*)\n  (\S.*)\n((?:\n(?:  .*\n)+)?)", text, re.MULTILINE)
        assert found, f"no help for {self.words}: {text}"
        self.call, self.summary = found.group(1).strip(), found.group(2)
        self.options = [re.match(r"  (-.*?)(?: {2,}| (?=[a-z(]))(.*)$", line).groups()
                        for line in found.group(3).splitlines() if line.startswith("  -")]

    @staticmethod
    def _of_the_server(text):
        """The server's own commands explain themselves: a usage, then a paragraph."""
        usage, _, rest = text.partition("\n")
        return usage.removeprefix("Usage: "), re.split(r"(?<=\.)\s", rest.strip())[0].replace("\n", " ")

    def rows(self):
        yield f"| `{cell(self.call)}` | {cell(self.summary)} |"
        for option, summary in self.options:
            yield f"| &nbsp;&nbsp;`{cell(option)}` | {cell(summary)} |"


def commands_of(noun):
    """A noun's commands, or the one that is a command itself."""
    text = said(noun, "--help")
    verbs = list(dict.fromkeys(re.findall(rf"^  {noun} ([a-z-]+)(?= )", listing(text, noun),
                                          re.MULTILINE)))
    if not verbs:
        return [Command(noun)]
    return [Command(noun, verb) for verb in verbs]


def listing(text, noun):
    """The part of a noun's help that lists verbs, behind the examples."""
    examples, _, rest = text.partition(f"\n\n  {noun} ")
    return f"\n  {noun} {rest}" if rest and not examples.startswith("  guidon") else ""


def reference():
    lines = []
    for topic, nouns in TOPIC.findall(said("--help")):
        lines += ["", f"### {topic}", "", "| | |", "|---|---|"]
        for noun in nouns.split():
            for command in commands_of(noun):
                lines += command.rows()
    return "\n".join(lines[1:]) + "\n"


def main():
    if sys.argv[1:] != ["--write"]:
        print(reference(), end="")
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + reference() + END + after)


if __name__ == "__main__":
    main()
