# SPDX-License-Identifier: Apache-2.0
"""The mutants of a C file: small changes that a good test notices.

They are made on clang's syntax tree, so that comments, texts, macros and asserts are left alone. A
mutant is a dict: file, line, function, operator, offset, old, new; old is replaced at offset. was and
becomes are its lines before and after, as people read them.
"""
import json
import re
import subprocess

RELATIONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",),
             "!=": ("==",), "&&": ("||",), "||": ("&&",)}
SUMS = {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("/",), "&": ("|",), "|": ("&",), "^": ("&",),
        "<<": (">>",), ">>": ("<<",), "+=": ("-=",), "-=": ("+=",), "*=": ("/=",), "/=": ("*=",), "%=": ("/=",),
        "|=": ("&=",), "&=": ("|=",), "^=": ("|=",), "<<=": (">>=",), ">>=": ("<<=",)}
STEPS = {"++": "--", "--": "++"}
# What says something to a person or to the program's author: no behaviour to test.
UNSPOKEN = re.compile(r"\s*(assert|static_assert|_Static_assert|log_\w+|\(void\))\b|\s*\(void\)")
INTEGERS = re.compile(r"^(const )?(unsigned|int|long|short|char|signed|size_t|u?int\d+_t|enum .*|_Bool|bool|float|double"
                      r"|ssize_t|uintptr_t|unsigned (int|long|char|short|long long)|long long)( const)?$")


class Source:
    """A file's text and its tree; places are byte offsets."""

    def __init__(self, path, text, flags, clang):
        self.path, self.text = path, text
        dumped = subprocess.run([*clang, *flags, "-w", "-fsyntax-only", "-Xclang", "-ast-dump=json", str(path)],
                                check=True, capture_output=True)
        self.tree = json.loads(dumped.stdout)
        self.mutants = []
        self.function = None

    def start(self, node):
        """Where a node starts, None inside a macro."""
        begin = node.get("range", {}).get("begin", {})
        return begin.get("offset") if "includedFrom" not in begin else None

    def stop(self, node):
        """Where a node stops; a macro's call stops behind its brackets."""
        end = node["range"]["end"]
        if "offset" in end:
            return end["offset"] + end["tokLen"]
        outer = end.get("expansionLoc")
        if outer is None:
            return None
        place = outer["offset"] + outer["tokLen"]
        behind = re.compile(rb"\s*\(").match(self.text, place)
        if not behind:
            return place
        place, depth = behind.end(), 1
        while depth:
            depth += {b"(": 1, b")": -1}.get(self.text[place:place + 1], 0)
            place += 1
        return place

    def outer(self, node):
        """Where a node starts, a macro's call at its name."""
        begin = node["range"]["begin"]
        return begin.get("offset", begin.get("expansionLoc", {}).get("offset"))

    def add(self, operator, start, stop, new):
        old = self.text[start:stop].decode()
        if old == new or start is None:
            return
        # Asserts know their lines: those stay where they were.
        new += "\n" * (old.count("\n") - new.count("\n"))
        line_start, line_stop = self.text.rfind(b"\n", 0, start) + 1, self.text.find(b"\n", stop)
        was = self.text[line_start:line_stop].decode()
        becomes = self.text[line_start:start].decode() + new + self.text[stop:line_stop].decode()
        self.mutants.append({"line": self.text.count(b"\n", 0, start) + 1, "function": self.function,
                             "operator": operator, "offset": start, "old": old, "new": new, "is_table": self.is_table,
                             "was": " ".join(was.split()), "becomes": " ".join(becomes.split())})

    # ---- expressions ---------------------------------------------------------------------------

    def sign_between(self, left, right, sign):
        """Where the operator between two operands is: comments may stand there, too."""
        begin, end = self.stop(left), self.outer(right)
        if begin is None or end is None:
            return None
        gap = re.sub(rb"/\*.*?\*/", lambda found: b" " * len(found.group()), self.text[begin:end], flags=re.S)
        place = gap.find(sign.encode())
        return None if place < 0 else begin + place

    def operator(self, node):
        sign = node["opcode"]
        place = self.sign_between(*node["inner"], sign)
        if place is None or self.start(node) is None:
            return
        for new in RELATIONS.get(sign, ()):
            self.add("logic" if sign in ("&&", "||") else "relation", place, place + len(sign), new)
        if not any("*" in child.get("type", {}).get("qualType", "") for child in node["inner"]):
            for new in SUMS.get(sign, ()):
                self.add("arithmetic", place, place + len(sign), new)

    def unary(self, node):
        start, stop, sign = self.start(node), self.stop(node), node["opcode"]
        if start is None or stop is None:
            return
        if sign in STEPS:
            place = stop - len(sign) if node.get("isPostfix") else start
            self.add("step", place, place + len(sign), STEPS[sign])
        elif sign in ("!", "-", "~"):
            self.add("sign", start, start + 1, "")

    def number(self, node):
        begin = node["range"]["begin"]
        start = begin.get("offset")
        if start is None:
            self.truth(begin)
            return
        stop = self.stop(node)
        digits, suffix = re.match(r"((?:0[xX][0-9a-fA-F]+)|\d+)(\w*)$", self.text[start:stop].decode()).groups()
        value = int(digits, 0) if not re.match(r"0\d", digits) else int(digits, 8)
        form = hex if digits.lower().startswith("0x") else str
        self.add("constant", start, stop, form(value + 1) + suffix)
        if value > 0:
            self.add("constant", start, stop, form(value - 1) + suffix)

    def truth(self, begin):
        """true and false are macros."""
        outer = begin.get("expansionLoc", {})
        if "includedFrom" in outer or begin["spellingLoc"].get("isMacroArgExpansion"):
            return
        start = outer["offset"]
        word = self.text[start:start + outer["tokLen"]].decode()
        if word in ("true", "false"):
            self.add("constant", start, start + len(word), "false" if word == "true" else "true")

    def letter(self, node):
        start, stop = self.start(node), self.stop(node)
        if start is not None and stop is not None:
            self.add("constant", start, stop, f"({self.text[start:stop].decode()} + 1)")

    def condition(self, node):
        if node.get("kind") in ("NullStmt", None):
            return
        start, stop = self.outer(node), self.stop(node)
        if start is not None and stop is not None:
            self.add("condition", start, stop, f"!({self.text[start:stop].decode()})")

    # ---- statements ----------------------------------------------------------------------------

    def answer(self, node):
        if not node.get("inner"):
            return
        value = node["inner"][0]
        start, stop = self.outer(value), self.stop(value)
        if self.start(node) is None or start is None or stop is None:
            return
        kind, said = value["type"]["qualType"], self.text[start:stop].decode()
        if kind.endswith("*"):
            new = "((void *)0)"
        elif kind.startswith(("struct ", "const struct ")):
            new = f"({kind.removeprefix('const ')}){{0}}"
        elif kind in ("bool", "_Bool") or self.answers_bool:
            new = f"!({said})"
        elif INTEGERS.match(kind):
            new = f"({said}) + 1"
        else:
            return
        if said != "fault_none()":
            self.add("answer", start, stop, new)

    def deletion(self, statement):
        kind, start = statement.get("kind"), self.outer(statement)
        stop = self.stop(statement)
        if start is None or stop is None or UNSPOKEN.match(self.text[start:stop].decode()):
            return
        plain = kind in ("CallExpr", "BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "BreakStmt",
                         "ContinueStmt", "ReturnStmt", "IfStmt")
        if not plain:
            return
        if kind == "ReturnStmt" and statement.get("inner"):
            return
        if self.text[stop:stop + 1] == b";":
            stop += 1
        if kind == "IfStmt" and not self.text[start:stop].rstrip().endswith((b";", b"}")):
            return
        self.add("deletion", start, stop, ";")

    def walk(self, node, parent):
        kind = node.get("kind")
        children = [child for child in node.get("inner", []) if child]
        if kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.operator(node)
        elif kind == "UnaryOperator":
            self.unary(node)
        elif kind == "IntegerLiteral":
            self.number(node)
        elif kind == "CharacterLiteral":
            self.letter(node)
        elif kind == "ReturnStmt":
            self.answer(node)
        if kind in ("IfStmt", "WhileStmt", "ConditionalOperator") and children and self.start(node) is not None:
            self.condition(children[0])
        bodies = {"IfStmt": children[1:], "WhileStmt": children[1:], "ForStmt": children[-1:], "CompoundStmt": children,
                  "CaseStmt": children[-1:], "DefaultStmt": children[-1:]}.get(kind, [])
        for child in bodies:
            self.deletion(child)
        for child in children:
            # What a macro makes is the macro's.
            if "expansionLoc" not in child.get("range", {}).get("begin", {}) or child.get("kind") in (
                    "IntegerLiteral", "BinaryOperator", "ImplicitCastExpr"):
                self.walk(child, kind)

    def declared(self, node):
        """Whether a node of the top is this file's own, and has something to change."""
        place = node.get("loc", {})
        if "includedFrom" in place or "offset" not in place:
            return False
        name = node.get("name", "").encode()
        return bool(name) and self.text[place["offset"]:place["offset"] + len(name)] == name

    def generate(self):
        for node in self.tree["inner"]:
            if not self.declared(node):
                continue
            self.function, self.is_table = node["name"], node["kind"] != "FunctionDecl"
            if node["kind"] == "FunctionDecl":
                self.answers_bool = node["type"]["qualType"].startswith(("bool ", "_Bool "))
                for child in node.get("inner", []):
                    if child.get("kind") == "CompoundStmt":
                        self.walk(child, "FunctionDecl")
            elif node["kind"] == "VarDecl":
                self.answers_bool = False
                self.walk(node, None)
        unique = {(one["offset"], one["old"], one["new"]): one for one in self.mutants}
        return sorted(unique.values(), key=lambda one: (one["offset"], one["old"], one["new"]))


def mutants_of(root, path, flags, clang=("clang-14",)):
    """All mutants of a file of the tree at root, in the file's order."""
    text = (root / path).read_bytes()
    found = Source(root / path, text, flags, clang).generate()
    return [{**one, "file": path} for one in found]


def apply(text, mutant):
    """The text of the file, changed."""
    offset, old = mutant["offset"], mutant["old"].encode()
    if text[offset:offset + len(old)] != old:
        raise ValueError(f"{mutant['file']}:{mutant['line']}: not the text the mutant was made of")
    return text[:offset] + mutant["new"].encode() + text[offset + len(old):]
