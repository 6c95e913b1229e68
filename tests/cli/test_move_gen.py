# SPDX-License-Identifier: Apache-2.0
"""gen ts: what it writes, and that TypeScript takes it and refuses what it should."""
import subprocess

import pytest

from harness import ROOT
from test_superflag_files import find_typescript

FLAGS = [
    {"key": "dark-mode", "enabled": True, "description": "A */ comment"},
    {"key": "theme", "type": "string", "variations": [
        {"id": "dark", "value": "dark"}, {"id": "light", "value": 'li"ght\n'}]},
    {"key": "limit", "type": "number", "variations": [{"id": "a", "value": 1},
                                                      {"id": "b", "value": 2.5}]},
    {"key": "panel", "type": "object", "variations": [
        {"id": "a", "value": {"title": "x", "size": 3, "tags": ["a"], "inner": {"on": True}}},
        {"id": "b", "value": {"title": "y", "size": None, "inner": {}}}]},
    {"key": "empty", "type": "object", "variations": [{"id": "a", "value": {}}]},
]


@pytest.fixture
def typed(guidon):
    guidon.write("flags.json", {"format": "guidon.environment/1", "flags": FLAGS})
    guidon.run("apply", "flags.json", "--yes").ok()
    return guidon


def test_flags_are_written_by_key(typed):
    text = typed.run("gen", "ts").ok().out
    assert '  "dark-mode": boolean;' in text and "/** A * / comment */" in text
    assert '  "theme": "dark" | "li\\"ght\\n";' in text and '  "limit": number;' in text
    assert ('  "panel": { "title": string; "size": number | null; "tags"?: Array<string>; '
            '"inner": { "on"?: boolean } };') in text
    assert '  "empty": {};' in text and '  "theme": "string",' in text
    assert typed.run("gen", "ts").ok().out == text


def test_groups_and_what_is_archived_are_left_out(typed, admin):
    number = typed.kept("context")["environment"]
    admin.call("POST", f"/admin/v1/environments/{number}/groups",
               {"key": "lot", "kind": "holdout", "percent": 5})
    typed.run("flag", "archive", "limit", "--yes").ok()
    text = typed.run("gen", "ts").ok().out
    assert '"lot"' not in text and '"limit"' not in text and '"theme"' in text


def test_some_flags_and_a_file(typed):
    typed.run("gen", "ts", "-O", "flags.ts", "--flag", "theme", "--flag", "limit").ok()
    text = (typed.work / "flags.ts").read_text()
    assert '"theme"' in text and '"limit"' in text and '"panel"' not in text
    before = (typed.work / "flags.ts").stat().st_mtime_ns
    words = ("gen", "ts", "-O", "flags.ts")
    typed.run(*words, "--flag", "theme", "--flag", "limit").ok()
    assert (typed.work / "flags.ts").stat().st_mtime_ns == before
    typed.run(*words, "--check", "--flag", "theme", "--flag", "limit").ok()
    typed.run(*words, "--check").ended(2)
    assert (typed.work / "flags.ts").read_text() == text
    assert "none" in typed.run("gen", "ts", "--flag", "none").ended(3).err
    typed.run("gen", "ts", "--check").ended(4)
    typed.run("gen", "ts", "-O", "no/where.ts").ended(3)


def test_no_flags_are_fine(guidon):
    assert "export interface Flags {\n}" in guidon.run("gen", "ts").ok().out


# ---- the compiler's word ---------------------------------------------------------------------------
GOOD = """
import { typed, type Flags, type FlagKey } from "./flags.js";
const web = {
  getBooleanValue(key: string, fallback: boolean, options?: { hooks: string[] }): boolean { return fallback; },
  getStringValue<T extends string = string>(key: string, fallback: T): T { return fallback; },
  getNumberValue<T extends number = number>(key: string, fallback: T): T { return fallback; },
  getObjectValue<T>(key: string, fallback: T): T { return fallback; },
};
const server = {
  async getBooleanValue(key: string, fallback: boolean, context?: { targetingKey?: string }): Promise<boolean> { return fallback; },
  async getStringValue(key: string, fallback: string): Promise<string> { return fallback; },
  async getNumberValue(key: string, fallback: number): Promise<number> { return fallback; },
  async getObjectValue(key: string, fallback: any): Promise<any> { return fallback; },
};
const theme: "dark" | "li\\"ght\\n" = typed(web).value("theme", "dark");
const on: boolean = typed(web).value("dark-mode", false, { hooks: [] });
const later: Promise<number> = typed(server).value("limit", 1, { targetingKey: "ann" });
const panel: Flags["panel"] = typed(web).value("panel", { title: "", size: null, inner: {} });
const key: FlagKey = "empty";
export { theme, on, later, panel, key };
"""
BAD = ['typed(web).value("none", 1)', 'typed(web).value("theme", "blue")',
       'typed(web).value("limit", "1")', 'typed(web).value("panel", { title: 1 })',
       'const wrong: number = typed(server).value("limit", 1)',
       'typed(web).value("dark-mode", false, { hooks: 1 })']
OPENFEATURE = """
import { OpenFeature } from "@openfeature/%s";
import { typed } from "./flags.js";
export const theme: %s = typed(OpenFeature.getClient()).value("theme", "dark");
"""


def compile_files(folder, *names):
    return subprocess.run(
        [find_typescript(), "--strict", "--noEmit", "--target", "es2022", "--module", "nodenext",
         "--moduleResolution", "nodenext", "--skipLibCheck", *names],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False)


needs_typescript = pytest.mark.skipif(find_typescript() is None,
                                      reason="no TypeScript compiler here: TSC names one")


@needs_typescript
def test_typescript_takes_it_and_refuses_what_is_wrong(typed):
    typed.run("gen", "ts", "-O", "flags.ts").ok()
    typed.write("good.ts", GOOD)
    done = compile_files(typed.work, "good.ts")
    assert done.returncode == 0, done.stdout
    for i, line in enumerate(BAD):
        typed.write(f"bad-{i}.ts", GOOD + line + ";\n")
    done = compile_files(typed.work, *(f"bad-{i}.ts" for i in range(len(BAD))))
    for i, line in enumerate(BAD):
        assert f"bad-{i}.ts" in done.stdout, f"{line} was taken: {done.stdout}"


@needs_typescript
@pytest.mark.parametrize("sdk, gives", [("server-sdk", 'Promise<"dark" | "li\\"ght\\n">'),
                                        ("web-sdk", '"dark" | "li\\"ght\\n"')])
def test_real_clients_are_taken(typed, sdk, gives):
    packages = ROOT / "tests" / "sdk" / "npm" / "node_modules"
    if not (packages / "@openfeature" / sdk).exists():
        pytest.skip("the suite of npm packages is not installed")
    (typed.work / "node_modules").symlink_to(packages)
    typed.run("gen", "ts", "-O", "flags.ts").ok()
    typed.write("use.mts", OPENFEATURE % (sdk, gives))
    done = compile_files(typed.work, "use.mts")
    assert done.returncode == 0, done.stdout
