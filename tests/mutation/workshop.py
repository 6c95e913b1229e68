# SPDX-License-Identifier: Apache-2.0
"""Compiles mutants and tests them.

The server's rooms are one shared library, against which every test program is linked once. A mutant is
its one file compiled again and loaded in front of that library, where its functions are found first:
nothing is linked anew. Which test calls which function is learned beforehand, from a build that notes it,
so that a mutant meets only the tests that can notice it.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import resource
import shlex
import signal
import subprocess
import tempfile
import time

import mutate
import plan

# Of a test: this often what it took, and seconds more, before it is called endless.
PATIENCE, PATIENCE_SECONDS = 10, 10
MEMORY_BYTES = 8 << 30
# Rooms that the server's library goes without.
COMMAND_LINE = ("program", "cli", "import", "client")


class Workshop:
    def __init__(self, root, build, jobs):
        self.root, self.build, self.jobs = root, build.resolve(), jobs
        self.place = self.build / "mutation"
        self.place.mkdir(parents=True, exist_ok=True)
        self.compiler = shlex.split((self.build / "compile.flags").read_text())
        self.libraries = shlex.split((self.build / "link.flags").read_text())
        self.library = self.place / "libguidon.so"
        self.tests = []

    def each(self, work, things):
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(work, things))

    def includes(self, room):
        return [f"-I{self.build}/include/{room}"]

    def tell(self, *words, cwd=None):
        subprocess.run([str(word) for word in words], check=True, cwd=cwd or self.root)

    # ---- programs ------------------------------------------------------------------------------

    def link_library(self):
        beside = {f"lib{name}.a" for name in ("llhttp", *COMMAND_LINE)}
        archives = sorted(path for path in (self.build / "lib").glob("*.a") if path.name not in beside)
        if self.library.exists() and all(path.stat().st_mtime < self.library.stat().st_mtime for path in archives):
            return
        self.tell(self.compiler[0], "-shared", "-o", self.library, "-Wl,--whole-archive", *archives,
                  "-Wl,--no-whole-archive", *self.libraries)

    def link_test(self, test):
        source, room = test
        binary = self.place / source.removeprefix("tests/").removesuffix(".c")
        newest = max(path.stat().st_mtime for path in [self.root / source, self.library,
                                                       *(self.root / source).parent.glob("*.h"),
                                                       *(self.root / "tests/support").glob("*.h")])
        if not binary.exists() or binary.stat().st_mtime < newest:
            binary.parent.mkdir(parents=True, exist_ok=True)
            self.tell(*self.compiler, "-O0", *self.includes(room), "-Itests/support", f"-I{self.build}/certificates", source,
                      self.library, f"-Wl,-rpath,{self.place}", *self.libraries, "-lcmocka", "-ljansson", "-o", binary)
        return {"name": source, "command": [str(binary)]}

    def vector_tests(self):
        """The runners of recorded cases, each with each of its documents."""
        found = []
        for dialect, pattern in (("superflag", "superflag-vectors.json"), ("amplitude", "amplitude-eval-vectors.json")):
            binary = self.place / f"{dialect}-vectors"
            sources = sorted((self.root / "tests/conformance" / dialect).glob("*.c"))
            if not binary.exists() or binary.stat().st_mtime < self.library.stat().st_mtime:
                self.tell(*self.compiler, *self.includes("server"), "-Itests/support", *sources, self.library,
                          f"-Wl,-rpath,{self.place}", *self.libraries, "-ljansson", "-o", binary)
            documents = sorted((self.root / "tests/conformance" / dialect).glob("*.json"))
            documents += [path for path in [self.root.parent / "shared/reference" / pattern] if path.exists()]
            found += [{"name": f"vectors {path.name}", "command": [str(binary), str(path)]} for path in documents]
        return found

    # ---- which test calls what -----------------------------------------------------------------

    def link_reach(self, files):
        """The library that notes calls."""
        def compile_one(path):
            made = self.place / "reach" / (path.replace("/", "-") + ".o")
            made.parent.mkdir(exist_ok=True)
            self.tell(*self.compiler, "-O0", "-g", "-finstrument-functions", *self.includes(plan.room_of(path)), "-c",
                      path, "-o", made)
            return made
        objects = self.each(compile_one, files)
        noting = self.place / "reach.so"
        self.tell(self.compiler[0], "-O1", "-fPIC", "-D_GNU_SOURCE", "-shared", "tests/mutation/reach.c", *objects,
                  self.library, f"-Wl,-rpath,{self.place}", "-o", noting)
        return noting

    def name_offsets(self, noting, offsets):
        """offset -> (file, function)"""
        ordered = sorted(offsets)
        named = subprocess.run(["addr2line", "-f", "-e", noting], input="\n".join(ordered), text=True, check=True,
                               capture_output=True).stdout.splitlines()
        names = {}
        for offset, function, place in zip(ordered, named[::2], named[1::2]):
            path = place.partition(":")[0]
            names[offset] = (path[path.find("src/"):] if "src/" in path else path, function)
        return names

    def stamp(self, test):
        """Another when a test or the rooms were built anew: what was learned of it then is old."""
        return f"{pathlib.Path(test['command'][0]).stat().st_mtime_ns} {self.library.stat().st_mtime_ns}"

    def recall(self, learned):
        """What an earlier run learned of the tests; those it knows nothing of."""
        kept = json.loads(learned.read_text()) if learned.exists() else {}
        unknown = []
        for test in self.tests:
            row = kept.get(test["name"])
            if row and row["stamp"] == self.stamp(test):
                test.update(row, reaches={tuple(pair) for pair in row["reaches"]})
            else:
                unknown.append(test)
        return unknown

    def remember(self, learned):
        rows = {test["name"]: {"stamp": self.stamp(test), "seconds": test["seconds"], "passes": test["passes"],
                               "reaches": sorted(test["reaches"])} for test in self.tests}
        learned.write_text(json.dumps(rows))

    def learn(self, files):
        """Runs each test once: how long it takes, and which functions of these files it calls."""
        learned = self.place / "learned.json"
        unknown = self.recall(learned)
        if unknown:
            self.listen(unknown, self.link_reach(files))
            self.remember(learned)
        self.tests = [test for test in self.tests if test["passes"]]

    def listen(self, tests, noting):
        with tempfile.TemporaryDirectory() as folder:
            def learn_one(numbered):
                number, test = numbered
                marks = pathlib.Path(folder, str(number))
                marks.touch()
                began = time.monotonic()
                verdict, output = self.run(test, noting, 300, {"REACH_FILE": str(marks)})
                test["seconds"] = time.monotonic() - began
                test["passes"] = verdict == "passed"
                test["offsets"] = set(marks.read_text().split())
                if not test["passes"]:
                    print(f"left out, fails by itself ({verdict}): {test['name']}\n{output[-400:]}", flush=True)
                return test
            self.each(learn_one, enumerate(tests))
        names = self.name_offsets(noting, set().union(*(test["offsets"] for test in tests)))
        for test in tests:
            test["reaches"] = {names[offset] for offset in test.pop("offsets")}

    def prepare(self, files):
        self.link_library()
        self.tests = self.each(self.link_test, plan.tests(self.root)) + self.vector_tests()
        self.learn(files)

    # ---- a mutant --------------------------------------------------------------------------------

    def run(self, test, preload, limit_seconds, more=None):
        """("passed" | "failed" | "endless", what it said)"""
        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with tempfile.TemporaryFile() as output:
            started = subprocess.Popen(test["command"], cwd=self.root, stdout=output, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=bound,
                                       env={**os.environ, "LD_PRELOAD": str(preload), **(more or {})})
            try:
                status = started.wait(limit_seconds)
                # Killed by somebody else, as when the machine has no memory left: that says nothing.
                verdict = "passed" if status in (0, -signal.SIGKILL) else "failed"
            except subprocess.TimeoutExpired:
                verdict = "endless"
            try:
                os.killpg(started.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            started.wait()
            output.seek(0)
            return verdict, output.read(1 << 16).decode(errors="replace")

    def compile(self, path, text, folder):
        """The object, None when it does not compile; always by the same name, for asserts print it."""
        pathlib.Path(folder, "mutant.c").write_bytes(text)
        made = subprocess.run([*self.compiler, "-O2", *self.includes(plan.room_of(path)), "-c", "mutant.c", "-o",
                               "mutant.o"], cwd=folder, capture_output=True)
        return pathlib.Path(folder, "mutant.o") if made.returncode == 0 else None

    def original(self, path):
        """What the file as it is compiles to."""
        with tempfile.TemporaryDirectory() as folder:
            return self.compile(path, (self.root / path).read_bytes(), folder).read_bytes()

    def candidates(self, mutant, kills):
        """The tests that call the mutant's function, the likeliest and quickest first."""
        place = (mutant["file"], mutant["function"])
        touched = [test for test in self.tests if place in test["reaches"]]
        if not touched:  # a table: whoever calls the file; a file of nothing but tables: the room's
            touched = [test for test in self.tests if any(path == mutant["file"] for path, _ in test["reaches"])]
            if mutant["is_table"] and not touched:
                touched = [test for test in self.tests if f"/{plan.room_of(mutant['file'])}/" in test["name"]]
            elif not mutant["is_table"]:
                touched = []
        return sorted(touched, key=lambda test: (-kills.get((mutant["file"], test["name"]), 0), test["seconds"]))

    def judge(self, mutant, kills, originals):
        """Adds status and by to the mutant."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            text = mutate.apply((self.root / mutant["file"]).read_bytes(), mutant)
            made = self.compile(mutant["file"], text, folder)
            if made is None:
                return {**mutant, "status": "stillborn"}
            if made.read_bytes() == originals[mutant["file"]]:
                return {**mutant, "status": "identical"}
            loaded = pathlib.Path(folder, "mutant.so")
            self.tell(self.compiler[0], "-shared", made, self.library, f"-Wl,-rpath,{self.place}", "-o", loaded)
            tried = self.candidates(mutant, kills)
            for test in tried:
                verdict, _ = self.run(test, loaded, PATIENCE * test["seconds"] + PATIENCE_SECONDS)
                if verdict != "passed":
                    key = (mutant["file"], test["name"])
                    kills[key] = kills.get(key, 0) + 1
                    return {**mutant, "status": "killed", "by": test["name"], "how": verdict}
            return {**mutant, "status": "survived", "tried": len(tried)}


def fingerprint(root, mutant):
    """Of a mutant of a file as it is now: another text, another mutant."""
    text = hashlib.sha256((root / mutant["file"]).read_bytes()).hexdigest()[:16]
    return json.dumps([text, mutant["file"], mutant["offset"], mutant["old"], mutant["new"]])
