# SPDX-License-Identifier: Apache-2.0
"""results - what was measured, as rows that a program can read: bench/results.json.

A row has an id of its own, what it is of, its unit, the median, the least and the most of the rounds,
the same of a peer and of the ratio within each round, the target and whether the median meets it, and
when and of which commit it is. A row without figures says why there are none. A run replaces the rows
it measured and leaves the others.
"""
import datetime
import json
import os
import re
import statistics
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, "proofs"))
from record import commit, record  # noqa: E402

KEPT = os.path.join(ROOT, "bench", "results.json")
SIGNS = {"<=": lambda value, bound: value <= bound, ">=": lambda value, bound: value >= bound,
         "<": lambda value, bound: value < bound}
# "<= 60", "ratio <= 1.2", "p99 < 150": what the bound is for may be said in front.
TARGET = re.compile(r"^(?P<of>\w+ )?(?P<sign><=|>=|<) (?P<bound>[\d.]+)$")


def spread(values, digits):
    return {"median": round(statistics.median(values), digits), "least": round(min(values), digits),
            "most": round(max(values), digits)}


def judged(target, row):
    """Whether the median meets the target, that of the ratio where the target is for it; None for a
    target that says "about", which is for the eye."""
    if target.startswith("about "):
        return None
    found = TARGET.match(target)
    if not found:
        raise ValueError(f"{target}: not a target")
    of = (found["of"] or "").strip()
    value = row["ratio"]["median"] if of == "ratio" else row["median"]
    return SIGNS[found["sign"]](value, float(found["bound"]))


class Results:
    """The rows of this run, in the order they came."""

    def __init__(self):
        self.rows = []
        self.curves = {}
        self.date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        self.commit = commit()

    def add(self, name, what, unit, ours, digits, peer=None, peer_name="nginx", target="",
            promises=""):
        if any(row["id"] == name for row in self.rows):
            raise ValueError(f"{name}: a row of its own name")
        row = {"id": name, "what": what, "unit": unit, "digits": digits, **spread(ours, digits)}
        if peer:
            row["peer"] = {"name": peer_name, **spread(peer, digits)}
            row["ratio"] = spread([a / b for a, b in zip(ours, peer) if b], 2)
        if target:
            row["target"], row["meets"] = target, judged(target, row)
        self.rows.append({**row, "rounds": len(ours), "date": self.date, "commit": self.commit})
        if promises:
            record(promises, f"bench-{name}", **{f"{unit_name(unit)}_median": row["median"],
                                                 f"{unit_name(unit)}_most": row["most"]})

    def absent(self, name, what, why):
        """A peer, or a figure, that could not be had here."""
        self.rows.append({"id": name, "what": what, "absent": " ".join(str(why).split()),
                          "date": self.date, "commit": self.commit})

    def curve(self, name, what, x, unit, points, digits):
        """Points (x, y) of a line: cost as something grows."""
        self.curves[name] = {"what": what, "x": x, "unit": unit, "date": self.date,
                             "commit": self.commit,
                             "points": [[at, round(value, digits)] for at, value in points]}

    def save(self, path, conditions, is_whole=False):
        """Joins what the file has, unless this is all there is to be; the conditions of a part stand
        behind those of the whole."""
        kept = load(path) if not is_whole else {"conditions": "", "rows": [], "curves": {}}
        conditions = " ".join(filter(None, [kept["conditions"], conditions]))
        rows = {row["id"]: row for row in kept["rows"]}
        rows.update({row["id"]: row for row in self.rows})
        curves = {**kept["curves"], **self.curves}
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump({"conditions": conditions, "rows": list(rows.values()), "curves": curves}, file,
                      indent=1, ensure_ascii=False)
            file.write("\n")
        os.replace(path + ".part", path)


def load(path):
    if not os.path.exists(path):
        return {"conditions": "", "rows": [], "curves": {}}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def unit_name(unit):
    """CPU µs per request -> cpu_us_per_request"""
    return re.sub(r"[^a-z0-9]+", "_", unit.lower().replace("µ", "u")).strip("_")
