"""What the integration tests share: the programs, a server that counts, scripts in a folder of their own."""
import functools
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("LOCKSTEP_BIN", "build/release/bin")).resolve()
TEST_BIN = Path(os.environ.get("LOCKSTEP_TEST_BIN", "build/release/bin")).resolve()
PATIENCE = 180  # seconds until a process that hangs is given up; nothing is measured with it

# What nohup or a shell's background job ignores, the programs would ignore, too.
for each in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(each) == signal.SIG_IGN:
        signal.signal(each, signal.SIG_DFL)


def wait_until(condition, what, patience=PATIENCE, at_last=lambda: ""):
    """What `condition` returns once that is something. Fails after `patience` seconds: it says `what` was waited for, and
    what `at_last` tells of the last state. A condition that can no longer come true fails by itself."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            state = at_last()
            raise AssertionError(f"waited {patience} s in vain until {what}" + (f"; at last: {state}" if state else ""))
        time.sleep(0.05)
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """The tests' HTTP server on a port of its own."""

    def __init__(self):
        self.process = subprocess.Popen([TEST_BIN / "lockstep-testserver", "--port", "0", "--grpc-port", "0"],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip().rstrip("/")
        self.grpc = self.process.stdout.readline().strip()

    def count(self):
        with urllib.request.urlopen(f"{self.url}/__count", timeout=PATIENCE) as answer:
            return int(answer.read())

    def stop(self):
        """What it says at its end: how many requests, gRPC calls and messages it has read."""
        self.process.terminate()
        return self.process.communicate(timeout=PATIENCE)[0]


class LockstepTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # Sockets of local agents go here, too: the folder's name tells a run's processes from all others.
        self.env = {**os.environ, "TMPDIR": folder.name}

    def serve(self):
        server = Server()
        self.addCleanup(server.stop)
        return server

    def wait_for_port(self, port, process):
        """Until `process` listens on `port`."""
        def listens():
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            self.assertIsNone(process.poll(), "it has ended")

        wait_until(listens, f"somebody listens on port {port}")

    def wait_for_requests(self, server, count, process):
        """Until `server` has read that many requests, which `process` or what it has started sends."""
        def came():
            if server.count() >= count:
                return True
            self.assertIsNone(process.poll(), "it has ended")

        wait_until(came, f"the server has read {count} requests", at_last=server.count)

    def script(self, text):
        path = self.folder / "script.js"
        path.write_text(text, "utf-8")
        return str(path)

    def lockstep(self, *args):
        return subprocess.run([BIN / "lockstep", *args], capture_output=True, text=True, timeout=PATIENCE,
                              cwd=self.folder, env=self.env)

    def start(self, *args):
        process = subprocess.Popen([BIN / "lockstep", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=self.folder, env=self.env)
        self.addCleanup(process.kill)
        return process

    @functools.cached_property
    def trust(self):
        """A folder with an authority and the credentials `coordinator` (for loopback), `agent` and `operator`."""
        folder = self.folder / "trust"
        folder.mkdir()
        for arguments in (["init"], ["coordinator", "--host", "127.0.0.1"], ["agent"], ["operator"]):
            made = subprocess.run([BIN / "lockstep", "certs", *arguments], capture_output=True, text=True, cwd=folder,
                                  timeout=PATIENCE)
            self.assertEqual(0, made.returncode, made.stderr)
        return folder

    def operate(self, *args):
        """A command for a running coordinator, as its operator."""
        return self.lockstep(*args, "--credentials", self.trust / "operator")

    def strays(self):
        """Command lines of processes that still refer to this test's folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                except OSError:
                    continue
                if str(self.folder) in line:
                    found.append(line)
        return found
