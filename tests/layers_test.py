"""The layers of DESIGN.md, checked mechanically: who includes whom, and what the coordinator's binary is linked with."""
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)

V8 = re.compile(r"^(v8[-.]|libplatform/|node/|cppgc/)")
CURL = re.compile(r"^curl/")
GRPC = re.compile(r"^(grpc|grpcpp)/|\.grpc\.pb\.h$")
BOOST = re.compile(r"^boost/")
HTTPLIB = re.compile(r"^httplib")

# Folders inside `common`, lowest first: each may include itself and what stands in its list.
COMMON = {
    "base": set(),
    "segment": {"base"},
    "schedule": {"base", "segment"},
    "health": {"base"},
    "metrics": {"base"},
    "options": {"base", "segment"},
    "plan": {"base", "segment", "schedule", "options"},
    "threshold": {"base", "metrics", "options"},
    "summary": {"base", "metrics", "options", "threshold"},
    "result": {"base", "metrics", "options", "summary", "threshold"},
    "trust": {"base"},
}


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

    def test_the_web_server_stands_on_common_alone_and_is_the_only_one_to_see_its_library(self):
        self.assertEqual([], self.offenders("web", lambda i: i.startswith(("agent/", "coordinator/"))))
        self.assertEqual([], self.offenders("common", lambda i: i.startswith("web/")))
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: HTTPLIB.search(i)))

    def test_the_channel_to_a_coordinator_stands_on_common_alone(self):
        self.assertEqual([], self.offenders("rpc", lambda i: i.startswith(("agent/", "coordinator/", "web/"))))
        self.assertEqual([], self.offenders("common", lambda i: i.startswith("rpc/")))

    def test_folders_of_common_include_only_lower_ones(self):
        found = []
        for folder, lower in COMMON.items():
            for path in sources(f"common/{folder}"):
                for include in includes(path):
                    match = re.match(r"common/(\w+)/", include)
                    if match and match[1] != folder and match[1] not in lower:
                        found.append(f"{path.relative_to(ROOT)} includes {include}")
        self.assertEqual([], found)
        self.assertEqual(sorted(COMMON), sorted(p.name for p in (ROOT / "common").iterdir() if p.is_dir()))

    def test_only_the_rpc_adapters_see_grpc(self):
        allowed = ("agent/rpc/", "coordinator/rpc/", "rpc/")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: GRPC.search(i), allowed))

    def test_only_the_script_host_sees_v8(self):
        allowed = ("agent/js/", "agent/vu/")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: V8.search(i), allowed))
            self.assertEqual([], self.offenders(folder, lambda i: BOOST.search(i), allowed))

    def test_only_the_network_layer_sees_curl(self):
        allowed = ("agent/net/", "coordinator/output/http_pusher.cc")
        for folder in ("common", "agent", "coordinator"):
            self.assertEqual([], self.offenders(folder, lambda i: CURL.search(i), allowed))

    def test_executors_see_neither_scripts_nor_the_network(self):
        for folder in ("agent/exec", "coordinator/core"):
            bad = self.offenders(folder, lambda i: i.startswith(("agent/js/", "agent/net/", "agent/vu/")))
            self.assertEqual([], bad)

    def test_cores_read_no_clock_and_start_no_thread(self):
        words = re.compile(r"absl::Now\(|std::thread|SystemClock|std::this_thread|\bsleep\(|usleep\(")
        for folder in ("agent/exec", "coordinator/core", "common/segment", "common/schedule", "common/plan"):
            for path in sources(folder):
                self.assertIsNone(words.search(path.read_text("utf-8")), path)


class HouseRules(unittest.TestCase):
    def test_no_banned_names(self):
        banned = re.compile(r"absl::Mutex\b|absl/synchronization/")
        for folder in ("common", "agent", "coordinator"):
            for path in sources(folder):
                self.assertIsNone(banned.search(path.read_text("utf-8")), path)

    def test_headers_start_with_their_purpose_and_a_guard(self):
        for folder in ("common", "agent", "coordinator"):
            for path in sources(folder):
                if path.suffix == ".h":
                    text = path.read_text("utf-8")
                    self.assertTrue(text.startswith("//"), f"{path} says no purpose")
                    self.assertIn("#pragma once", text, path)


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
        tests = sorted((ROOT / "build/dev/bin").glob("common_*_test"))
        if not tests:
            self.skipTest("the unit tests are not built")
        for test in tests:
            libraries = subprocess.run(["ldd", test], capture_output=True, text=True, check=True).stdout
            for library in ("libnode", "libcurl", "libgrpc"):
                self.assertNotIn(library, libraries, test)


if __name__ == "__main__":
    unittest.main()
