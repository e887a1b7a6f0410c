"""Two scripts that build one checkout at the same moment: one configures, the other one waits for it."""
import subprocess
import tempfile
import unittest
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "scripts" / "lib" / "build.sh"

# Notes when it begins and ends, and lets the other one come meanwhile: the end is written once both scripts have started.
FAKE_CMAKE = """#!/usr/bin/env bash
echo begin >> "$CALLS"
while [ "$(wc -l < "$STARTED")" -lt 2 ]; do sleep 0.01; done
mkdir -p build/some && : > build/some/build.ninja
echo end >> "$CALLS"
"""


class Configure(unittest.TestCase):
    def test_one_of_two_at_once_configures_and_the_other_waits(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            (tree / "CMakePresets.json").write_text("{}", "utf-8")
            (tree / "bin").mkdir()
            (tree / "bin" / "cmake").write_text(FAKE_CMAKE, "utf-8")
            (tree / "bin" / "cmake").chmod(0o755)
            script = f'set -e; . {BUILD}; echo >> "$STARTED"; configure some preset; test -f build/some/build.ninja'
            environment = {"PATH": f"{tree}/bin:/usr/bin:/bin", "CALLS": f"{tree}/calls", "STARTED": f"{tree}/started"}
            (tree / "started").touch()
            both = [subprocess.Popen(["bash", "-c", script], cwd=tree, env=environment, stderr=subprocess.PIPE, text=True)
                    for _ in range(2)]
            said = [process.communicate(timeout=60)[1] for process in both]
            self.assertEqual([0, 0], [process.returncode for process in both], said)
            self.assertEqual(["begin", "end"], (tree / "calls").read_text("utf-8").split())


if __name__ == "__main__":
    unittest.main()
