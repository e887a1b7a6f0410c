"""What scripts have of the web, by the web's own tests: tests/integration/web_platform."""
import json
import os
import re
import unittest

from tests.integration.support import ROOT, LockstepTest

TESTS = ROOT / "tests/integration/web_platform"
KNOWN = TESTS / "known_failures.txt"
DATA = {name: str(ROOT / "tests/agent/js/web/data" / name) for name in ("urltestdata.json", "setters_tests.json")}
DATA["base64.json"] = str(TESTS / "fetch/data-urls/resources/base64.json")


def scripts_of(path):
    """A test's file and those that it asks for, in the order in which they run."""
    asked = re.findall(r"^// META: script=(\S+)", path.read_text("utf-8", errors="surrogateescape"), re.M)
    paths = [TESTS / name[1:] if name.startswith("/") else path.parent / name for name in asked]
    return [os.path.relpath(script, TESTS) for script in (*paths, path)]


class WebPlatform(LockstepTest):
    def test_the_webs_own_tests(self):
        files = [{"file": str(path.relative_to(TESTS)), "scripts": scripts_of(path)} for path in sorted(TESTS.rglob("*.any.js"))]
        listed = self.folder / "list.json"
        listed.write_text(json.dumps({"files": files, "data": DATA}), "utf-8")
        result = self.lockstep("run", "-q", "--log-format", "json", "-e", f"LIST={listed}", str(TESTS / "runner.js"))
        self.assertEqual(0, result.returncode, result.stderr[-3000:])
        passed, failed, seen = 0, [], set()
        for line in result.stderr.splitlines():
            try:
                message = json.loads(line)["msg"]
            except ValueError:
                continue
            if message.startswith("WPT "):
                file, name, status, _ = json.loads(message[4:])
                seen.add(file)
                passed += status == 0
                if status != 0:
                    failed.append(json.dumps(f"{file}: {name}"))
        self.assertEqual([], sorted({each["file"] for each in files} - seen), "files that say nothing")
        if os.environ.get("LOCKSTEP_UPDATE_GOLDEN"):
            KNOWN.write_text("\n".join([f"{passed} pass", *sorted(failed), ""]), "utf-8")
        first, *known = KNOWN.read_text("utf-8").splitlines()
        self.assertEqual(known, sorted(failed))
        self.assertEqual(first, f"{passed} pass")


if __name__ == "__main__":
    unittest.main()
