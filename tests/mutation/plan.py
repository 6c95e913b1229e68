# SPDX-License-Identifier: Apache-2.0
"""Which files have mutants, in groups whose scores are recorded apart; and which tests may kill them."""
import fnmatch

# The way from (ruleset, context, now) to a decision, as tools/coverage-evaluator has it, and what bounds it
# (steps, pattern_effort). Left out: lower_case_table (a table from Unicode), tracing and explaining (they
# decide nothing), the pattern compiler (its vectors are PCRE2's and Go's own).
EVALUATOR = ("evaluate serve segment bucket draw hash sha1 program selector context moment semver steps blank lower_case "
             "pattern_effort text_number text_set text_test text_version text_view").split()
AUTHORISATION = ["src/dialect/authorise.c", "src/dialect/router.c", "src/dialect/sign_in.c", "src/auth/*.c"]
LIMITS = ["src/dialect/rate.c", "src/dialect/context_limits.c", "src/model/check_extras.c", "src/model/check_rule.c",
          "src/model/check_text.c", "src/model/environment_check.c", "src/http/limits.c"]
GROUPS = {"evaluator": [f"src/eval/{name}.c" for name in EVALUATOR], "authorisation": AUTHORISATION, "limits": LIMITS}

# Programs of tests/, and what includes of a room they are compiled against.
TESTS = {"tests/unit/*/*_test.c": None, "tests/unit/dialect/*/*_test.c": None, "tests/scenario/*_test.c": "server"}
# These do not see the files above, or only pass their answers on: asking them would cost time and say nothing.
UNHEARD = [f"tests/unit/{room}/*" for room in ("base", "json", "store", "snapshot", "ingest", "change", "stream",
                                                "cli", "client", "import")]
UNHEARD += ["tests/unit/http/[!l]*", "tests/unit/server/*"]


def files(root, group):
    found = []
    for pattern in GROUPS[group]:
        found += sorted(str(path.relative_to(root)) for path in root.glob(pattern))
    return found


def group_of(root, path):
    return next(group for group in GROUPS if any(fnmatch.fnmatch(path, pattern) for pattern in GROUPS[group]))


def room_of(path):
    """src/dialect/admin/x.c and tests/unit/dialect/admin/x_test.c are of dialect-admin."""
    parts = path.split("/")
    inside = parts[1:-1] if parts[0] == "src" else parts[2:-1]
    return "-".join(inside)


def tests(root):
    """(source, room) of every test program that is asked."""
    found = []
    for pattern, room in TESTS.items():
        for path in sorted(root.glob(pattern)):
            name = str(path.relative_to(root))
            if not any(fnmatch.fnmatch(name, unheard) for unheard in UNHEARD):
                found.append((name, room or room_of(name)))
    return found
