# SPDX-License-Identifier: Apache-2.0
"""pages - what the results are turned into: the README's table, docs/performance.md and its plots."""
import os

import plot
import results

README = os.path.join(results.ROOT, "README.md")
PAGE = os.path.join(results.ROOT, "docs", "performance.md")
PLOTS = os.path.join(results.ROOT, "docs", "plots")
BEGIN, END = "<!-- performance: bench/report.py -->", "<!-- end of performance -->"
SIGNS = {"<=": "≤", ">=": "≥", "<": "<"}
ABOUT = """# How fast

All figures here are of `make bench` on one machine; `bench/report.py` writes this page from
`bench/results.json`, and nothing in it is typed by hand. [bench/README.md](../bench/README.md) says how each is
measured. Peers are asked in the same minute, pinned to the same core; ratios are Guidon ÷ peer within the same
round, so under 1 is cheaper where the unit is a cost. Absolute figures belong to the machine, ratios travel.

{conditions}

## Every figure
{table}

## As it grows
{curves}

## Instructions
`make check-instructions` counts the instructions of each hot journey with callgrind and holds them against
`bench/instructions.json`: more than 3 % above fails. They are the same on a busy machine.

{instructions}
"""


def number(value, digits):
    return f"{value:,.{digits}f}"


def shown(part, digits):
    middle, low, high = (number(part[name], digits) for name in ["median", "least", "most"])
    return middle if low == high else f"{middle} ({low} – {high})"


def target_text(row):
    if "target" not in row:
        return ""
    words = [SIGNS.get(word, word) for word in row["target"].split()]
    words[-1] = f"{float(words[-1]):,.12g}"
    return " ".join(words) + {True: " ✓", False: " **missed**", None: ""}[row["meets"]]


def line(row):
    if "absent" in row:
        return f"| {row['what']} | – | {row['absent']} | | |"
    digits, peer = row["digits"], row.get("peer")
    theirs = f"{peer['name']}: {shown(peer, digits)}" if peer else ""
    ratio = shown(row["ratio"], 2) if peer else ""
    return (f"| {row['what']}: {row['unit']} | {shown(row, digits)} | {theirs} | {ratio} | "
            f"{target_text(row)} |")


def table(rows):
    return "\n".join(["| measured: median (least – most) | Guidon | peer | ratio | target |",
                      "|---|---|---|---|---|", *map(line, rows)])


def first_page(kept):
    """What has a target, and the peers' rows; the whole is on the page."""
    rows = [row for row in kept["rows"] if "target" in row or
            row.get("peer", {}).get("name", "nginx") != "nginx" or "absent" in row]
    return "\n".join([BEGIN, table(rows), "", kept["conditions"], END])


def curve_text(name, curve):
    points = " · ".join(f"{at:,} → {value:,.12g}" for at, value in curve["points"])
    return (f"![{curve['what']}, {curve['unit']}](plots/{name}.svg)\n\n"
            f"{curve['what']}, {curve['unit']}: {points} ({curve['x']} → {curve['unit']}).\n")


def instruction_table():
    kept = results.load(os.path.join(results.ROOT, "bench", "instructions.json"))
    rows = [f"| {name} | {count:,} |" for name, count in kept["journeys"].items()]
    machine = ", ".join(kept["machine"].values())
    return "\n".join([f"| journey ({machine}) | instructions |", "|---|---|", *rows])


def page(kept):
    return ABOUT.format(conditions=kept["conditions"], table=table(kept["rows"]),
                        curves="\n".join(curve_text(*each) for each in kept["curves"].items()),
                        instructions=instruction_table())


def readme(text, kept):
    """The text with what is between the marks made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"report.py: README.md has no {BEGIN} … {END}")
    return before + first_page(kept) + after


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def files(kept):
    """Each generated file and what is to be in it."""
    made = {README: readme(read(README), kept), PAGE: page(kept)}
    for name, curve in kept["curves"].items():
        made[os.path.join(PLOTS, f"{name}.svg")] = plot.svg(curve)
    return made


def stale(kept):
    """The generated files that are not what they are to be, and what that is."""
    return {path: text for path, text in files(kept).items() if read(path) != text}
