# SPDX-License-Identifier: Apache-2.0
"""A page of the documentation as what can be run of it: its fenced blocks, in order."""
import pathlib
import re

from harness import ROOT

FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})\s*(.*?)\s*$")
# What a block may say about itself behind its language: file=app.mjs exit=2 run-by=tests/...
WORD = re.compile(r"^([a-z-]+)=(\S+)$")
WORDS = {"file", "exit", "run-by"}
# A word whose rest the reader has to fill in: cli_…, client-…, token=…
PLACEHOLDER = re.compile(r"[A-Za-z][A-Za-z0-9_]*[_=-]…")

# A language that a dialect's page is tested for.
PROMISE = re.compile(r"^```(sh|js|python|go|java|ts|conf)\b", re.MULTILINE)


class Block:
    """One fenced block: language, what it says about itself, text, where it stands."""

    def __init__(self, page, line, info, text):
        language, *words = info.split() or [""]
        self.page = page
        self.line = line  # of its first line of text
        self.language = language
        self.text = text
        self.says = {}
        self.unknown = []
        for word in words:
            found = WORD.match(word)
            if found and found.group(1) in WORDS:
                self.says[found.group(1)] = found.group(2)
            else:
                self.unknown.append(word)

    @property
    def where(self):
        return f"{self.page.name}:{self.line}"

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def placeholders(self):
        return sorted(set(PLACEHOLDER.findall(self.text)))


class Page:
    """One Markdown file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = str(self.path.relative_to(ROOT))
        self.text = self.path.read_text()
        self.blocks = list(self._blocks())

    def _blocks(self):
        opened = None
        for number, line in enumerate(self.text.splitlines(), 1):
            found = FENCE.match(line)
            if opened is None and found:
                opened = (number, found.group(1), found.group(2), found.group(3))
                held = []
            elif opened and found and found.group(2).startswith(opened[2]) and not found.group(3):
                yield Block(self, opened[0] + 1, opened[3], "".join(held))
                opened = None
            elif opened:
                held.append(line.removeprefix(opened[1]) + "\n")
        assert opened is None, f"{self.name}:{opened[0]}: a block that does not end"

    @property
    def commands(self):
        """The blocks that a shell runs here."""
        return [block for block in self.blocks
                if block.language == "sh" and "run-by" not in block.says]


def pages():
    """All pages whose blocks are promises. A dialect's page is one where it has commands."""
    fixed = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    dialects = [path for path in sorted((ROOT / "src" / "dialect").glob("*/README.md"))
                if PROMISE.search(path.read_text())]
    return [Page(path) for path in fixed + dialects]
