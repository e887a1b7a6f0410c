"""The layers, checked mechanically: who includes whom, what the programs are linked with, and what documents refer to."""
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)

V8 = re.compile(r"^(v8[-.]|libplatform/|node/|cppgc/)")
CURL = re.compile(r"^curl/")
GRPC = re.compile(r"^(grpc|grpcpp)/|\.grpc\.pb\.h$")
ARES = re.compile(r"^ares(_\w+)?\.h")
MOSQUITTO = re.compile(r"^(mosquitto|mqtt_protocol)\.h")
SQLITE = re.compile(r"^sqlite3")
BOOST = re.compile(r"^boost/")
HTTPLIB = re.compile(r"^httplib")

# Which folders of its side a folder may include, besides itself and `common`. Lowest first, so no two include each other.
LAYERS = {
    "common": {
        "base": set(),
        "segment": {"base"},
        "schedule": {"base", "segment"},
        "messages": {"base"},
        "health": {"base", "messages"},
        "metrics": {"base"},
        "options": {"base", "segment"},
        "flags": {"base", "options"},
        "plan": {"base", "segment", "schedule", "options"},
        "threshold": {"base", "metrics", "options"},
        "summary": {"base", "metrics", "options", "threshold"},
        "timeline": {"base", "health", "metrics"},
        "result": {"base", "health", "messages", "metrics", "options", "summary", "threshold", "timeline"},
        "trust": {"base"},
        # The two that are not pure; no folder of `common` may include them.
        "rpc": {"base", "trust"},
        "web": {"base"},
    },
    "agent": {
        "exec": set(),
        "health": set(),
        "report": set(),
        "data": set(),
        "http": {"data"},
        "net": {"http"},
        "grpc": {"data", "http", "net"},
        "redis": {"http"},
        "mqtt": {"http", "net"},
        "js": {"data", "grpc", "http", "mqtt", "redis"},
        "run": {"exec", "health", "report"},
        "vu": {"data", "exec", "grpc", "health", "http", "js", "mqtt", "net", "report", "run"},
        "rpc": {"run"},
        "cli": {"health", "js", "rpc", "run", "vu"},
    },
    "coordinator": {
        "core": set(),
        "fetch": set(),
        "sources": {"core", "fetch"},
        "secrets": {"fetch"},
        "results": {"core"},
        "journal": {"core"},
        "page": set(),
        "http": {"core", "page"},
        "output": {"fetch", "page"},
        "rpc": {"core"},
        "trust": set(),
        "console": set(),
        "convert": set(),
        "manifest": set(),
        "app": {"console", "convert", "core", "fetch", "http", "journal", "manifest", "output", "page", "results", "rpc", "secrets", "sources", "trust"},
        "cli": {"app", "console", "convert", "manifest"},
    },
}
# Inside `agent/js`: the modules stand on the binding, and the engine, which knows them all, on both.
JS_LAYERS = {"bind": set(), "k6": {"bind"}, "lockstep": {"bind", "k6"}}


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cc"))


def includes(path):
    return INCLUDE.findall(path.read_text("utf-8"))


class Layers(unittest.TestCase):
    def offenders(self, folder, forbidden, allowed_in=()):
        found = []
        for path in sources(folder):
            name = str(path.relative_to(ROOT))
            if any(name.startswith(a) for a in allowed_in):
                continue
            found += [f"{name} includes {i}" for i in includes(path) if forbidden(i)]
        return found

    def test_common_includes_neither_side(self):
        self.assertEqual([], self.offenders("common", lambda i: i.startswith(("agent/", "coordinator/"))))

    def test_agent_and_coordinator_never_include_each_other(self):
        self.assertEqual([], self.offenders("agent", lambda i: i.startswith("coordinator/")))
        self.assertEqual([], self.offenders("coordinator", lambda i: i.startswith("agent/")))

    def test_the_protocol_is_messages_alone(self):
        self.assertEqual([], sources("proto"))  # what is done with them stands in common/messages

    def upward(self, folder, layers):
        found = []
        for name, lower in layers.items():
            for path in sources(f"{folder}/{name}"):
                for include in includes(path):
                    match = re.match(rf"{folder}/(\w+)/", include)
                    if match and match[1] != name and match[1] not in lower:
                        found.append(f"{path.relative_to(ROOT)} includes {include}")
        return found

    def test_folders_include_only_lower_ones(self):
        for side, layers in LAYERS.items():
            with self.subTest(side):
                self.assertEqual([], self.upward(side, layers))
                self.assertEqual(sorted(layers), sorted(p.name for p in (ROOT / side).iterdir() if p.is_dir()))
                below = set()
                for name, lower in layers.items():
                    self.assertLessEqual(lower, below, f"{side}/{name} may include only what stands above it in the list")
                    below.add(name)
        self.assertEqual([], self.upward("agent/js", JS_LAYERS))

    def test_no_headers_include_each_other(self):
        graph = {str(p.relative_to(ROOT)): includes(p) for side in LAYERS for p in sources(side)}
        done, circles = set(), []

        def follow(name, path):
            if name in path:
                circles.append(path[path.index(name):])
            elif name not in done:
                for include in graph.get(name, ()):
                    follow(include, [*path, name])
                done.add(name)

        for name in graph:
            follow(name, [])
        self.assertEqual([], circles)

    def test_tests_stand_in_the_folder_of_what_they_test(self):
        for side in LAYERS:
            for test in (ROOT / "tests" / side).rglob("*_test.cc"):
                self.assertTrue((ROOT / test.parent.relative_to(ROOT / "tests")).is_dir(), test)

    def test_a_folder_is_one_library_with_its_name(self):
        for side, layers in LAYERS.items():
            for name in layers:
                text = (ROOT / side / name / "CMakeLists.txt").read_text("utf-8")
                self.assertEqual([f"{side}_{name}"], re.findall(r"lockstep_library\((\w+)", text))

    def test_a_name_stands_for_one_class(self):
        """Two of one name in a program break the rule of one definition: it links, and crashes."""
        places = {}
        for path in (p for side in LAYERS for p in sources(side) if p.suffix == ".h"):
            text = path.read_text("utf-8")
            namespace = re.search(r"^namespace ([\w:]+) \{", text, re.M)
            for name in re.findall(r"^(?:class|struct|enum class) ([\w:]+)[^;{]*\{", text, re.M):
                places.setdefault(f"{namespace[1] if namespace else ''}::{name}", []).append(str(path.relative_to(ROOT)))
        self.assertGreater(len(places), 400)
        self.assertEqual({}, {name: files for name, files in places.items() if len(files) > 1})

    def test_only_one_folder_sees_the_library_of_the_web_server(self):
        self.assertEqual([], self.offenders("", lambda i: HTTPLIB.search(i), ("common/web/", "tests/", "build/")))

    def test_only_the_rpc_adapters_see_grpc(self):
        allowed = ("agent/grpc/", "agent/rpc/", "coordinator/rpc/", "common/rpc/")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: GRPC.search(i), allowed))

    def test_only_the_journal_sees_sqlite(self):
        self.assertEqual([], self.offenders("", lambda i: SQLITE.search(i), ("coordinator/journal/", "tests/", "build/")))

    def test_only_one_folder_sees_libmosquitto(self):
        self.assertEqual([], self.offenders("", lambda i: MOSQUITTO.search(i), ("agent/mqtt/", "tests/", "build/")))

    def test_only_the_script_host_sees_v8(self):
        allowed = ("agent/js/", "agent/vu/")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: V8.search(i), allowed))
            self.assertEqual([], self.offenders(folder, lambda i: BOOST.search(i), allowed))

    def test_only_the_network_layer_asks_name_servers(self):
        self.assertEqual([], self.offenders("", lambda i: ARES.search(i), ("agent/net/", "tests/", "build/")))

    def test_only_the_network_layer_sees_curl(self):
        allowed = ("agent/net/", "coordinator/fetch/")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: CURL.search(i), allowed))

    def test_executors_see_neither_scripts_nor_the_network(self):
        for folder in ("agent/exec", "coordinator/core"):
            bad = self.offenders(folder, lambda i: i.startswith(("agent/js/", "agent/net/", "agent/vu/")))
            self.assertEqual([], bad)

    def test_cores_read_no_clock_and_start_no_thread(self):
        words = re.compile(r"absl::Now\(|std::thread|SystemClock|std::this_thread|\bsleep\(|usleep\(")
        # `base` has the system's clock; `rpc` and `web` are not pure.
        pure = [f"common/{name}" for name in LAYERS["common"] if name not in ("base", "rpc", "web")]
        for folder in ("agent/exec", "agent/run", "coordinator/core", *pure):
            for path in sources(folder):
                self.assertIsNone(words.search(path.read_text("utf-8")), path)


class HouseRules(unittest.TestCase):
    def test_only_main_and_the_network_layer_read_the_environment(self):
        words = re.compile(r"\bgetenv\(|\bSystemEnvironment\(\)")
        allowed = ("agent/net/network.cc", "agent/net/tls_context.cc", "agent/cli/main.cc", "coordinator/cli/main.cc", "common/base/environment.")
        found = [str(path.relative_to(ROOT)) for side in LAYERS for path in sources(side) if words.search(path.read_text("utf-8"))]
        self.assertEqual([], [name for name in found if not name.startswith(allowed)])

    def test_no_banned_names(self):
        banned = re.compile(r"absl::Mutex\b|absl/synchronization/")
        for folder in ("common", "agent", "coordinator"):
            for path in sources(folder):
                self.assertIsNone(banned.search(path.read_text("utf-8")), path)

    def test_exceptions_are_passed_on_by_one_function(self):
        """V8's ReThrow makes an exception that a script can catch of the interruption of the script."""
        found = [str(path.relative_to(ROOT)) for path in sources("agent") if "ReThrow(" in path.read_text("utf-8")]
        self.assertEqual(["agent/js/bind/errors.cc"], found)

    def test_headers_start_with_their_purpose_and_a_guard(self):
        for folder in ("common", "agent", "coordinator"):
            for path in sources(folder):
                if path.suffix == ".h":
                    text = path.read_text("utf-8")
                    self.assertTrue(text.startswith("//"), f"{path} says no purpose")
                    self.assertIn("#pragma once", text, path)

    def test_sources_without_a_header_of_their_name_start_with_their_purpose(self):
        parts = [path for side in LAYERS for path in sources(side) if path.suffix == ".cc" and not path.with_suffix(".h").exists()]
        self.assertEqual([], [str(path) for path in parts if not path.read_text("utf-8").startswith("//")])

    def test_files_are_short_enough_to_be_one_idea(self):
        lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for side in LAYERS for path in sources(side)}
        self.assertEqual({}, {name: count for name, count in lines.items() if count > 450}, "see CONTRIBUTING.md")


class Scripts(unittest.TestCase):
    def test_embedded_scripts_use_nothing_that_contexts_may_lack(self):
        # ScriptEngine::ExposeParts: a context has these only for a script that names them.
        parts = re.compile(r"\bWebAssembly\b|\.at\(|\bhasOwn\b|\bfindLast(?:Index)?\b")
        compiler = ROOT / "agent/js/vendor/swc.js"  # whose context has WebAssembly
        for path in sorted((ROOT / "agent/js").rglob("*.js")):
            if path != compiler:
                self.assertEqual([], parts.findall(path.read_text("utf-8")), path)


class Documents(unittest.TestCase):
    LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
    CITED = re.compile(r"[\w./-]+\.md\b")

    def pages(self):
        listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
        return [ROOT / name for name in listed.stdout.split() if (ROOT / name).exists()]

    def anchors(self, page):
        titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
        return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    def test_links_lead_somewhere(self):
        for page in self.pages():
            for target, anchor in self.LINK.findall(page.read_text("utf-8")):
                if re.match(r"\w+:", target):
                    continue
                there = (page.parent / target).resolve() if target else page
                self.assertTrue(there.exists(), f"{page.relative_to(ROOT)} links to {target}")
                if anchor:
                    self.assertIn(anchor[1:], self.anchors(there), f"{page.relative_to(ROOT)} links to {target}{anchor}")

    def test_pages_that_comments_cite_are_here(self):
        for folder in ("common", "agent", "coordinator", "proto"):
            for path in [*sources(folder), *(ROOT / folder).rglob("*.proto")]:
                for comment in re.findall(r"//.*", path.read_text("utf-8")):
                    for cited in self.CITED.findall(comment):
                        self.assertTrue((ROOT / cited).exists(), f"{path.relative_to(ROOT)} cites {cited}")

    def test_each_folder_is_explained_in_its_sides_readme(self):
        for side, layers in LAYERS.items():
            page = (ROOT / side / "README.md").read_text("utf-8")
            self.assertEqual(sorted(layers), sorted(re.findall(r"^\| (?:\[)?`(\w+)`", page, re.M)), side)

    def test_each_folder_has_a_readme(self):
        for side in LAYERS:
            folders = {path.parent for path in sources(side)}
            self.assertEqual([], sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "README.md").exists()))

    def test_decisions_have_their_dates_in_order(self):
        for side in LAYERS:
            for page in (ROOT / side).rglob("README.md"):
                text = page.read_text("utf-8")
                self.assertNotRegex(text, r"\*\*(Decisions|What must stay true)", page)  # would not be found
                _, _, decisions = text.partition("\nDecisions:\n")
                dates = [entry[:10] for entry in re.findall(r"^- (.*)$", decisions, re.M)]
                self.assertEqual([], [date for date in dates if not re.fullmatch(r"\d{4}-\d\d-\d\d", date)], page)
                self.assertEqual(sorted(dates), dates, page)

    def test_the_readme_stays_short(self):
        self.assertLessEqual((ROOT / "README.md").read_text("utf-8").count("\n"), 120)


class Binaries(unittest.TestCase):
    def test_the_coordinator_contains_no_script_engine(self):
        binary = ROOT / "build/release/bin/lockstep"
        if not binary.exists():
            self.skipTest("build/release/bin/lockstep is not built")
        symbols = subprocess.run(["nm", "-DC", binary], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(" v8::", symbols)
        libraries = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("libnode", libraries)

    def test_the_pure_core_links_neither_engine_nor_network(self):
        # Every library of `common` together with its test: what the linker took in must not name V8, curl or gRPC.
        tests = sorted(t for t in (ROOT / "build/release/bin").glob("common_*_test") if t.name != "common_web_test")
        if not tests:
            self.skipTest("the unit tests are not built")
        for test in tests:
            libraries = subprocess.run(["ldd", test], capture_output=True, text=True, check=True).stdout
            for library in ("libnode", "libcurl", "libgrpc"):
                self.assertNotIn(library, libraries, test)
            symbols = subprocess.run(["nm", "-C", test], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("grpc_core::", symbols, test)  # which may be linked statically


if __name__ == "__main__":
    unittest.main()
