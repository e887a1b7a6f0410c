"""Peers that a coordinator must survive, while a run goes on beside them; and what a listener on the wire gets to see.

Expired, foreign and revoked certificates, other roles, replayed proofs and oversize messages are tried in
tests/coordinator/rpc/trust_test.cc and tests/coordinator/core/fleet_test.cc, where time and bytes are parameters.
"""
import json
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from tests.integration.fleet_test import LONG, FleetTest
from tests.integration.support import BIN, PATIENCE, free_port, wait_until

MARKER = "a-line-of-the-script-that-nobody-else-would-write"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def hear(connection):
    """All that comes until the other side hangs up."""
    heard = b""
    try:
        while piece := connection.recv(4096):
            heard += piece
    except ConnectionResetError:
        pass
    return heard


class Hostile(FleetTest):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.errors_path = self.folder / "coordinator.err"
        with self.errors_path.open("w") as errors:
            self.coordinator = subprocess.Popen(
                [BIN / "lockstep", "coordinator", "-q", "--credentials", self.trust / "coordinator", "--listen",
                 self.address, "--agents", "1", self.script(LONG)],
                stdout=subprocess.DEVNULL, stderr=errors, cwd=self.folder, env=self.env)
        self.addCleanup(self.coordinator.wait)
        self.addCleanup(self.coordinator.kill)
        self.honest = self.agent(self.address, "honest", "--once")
        self.wait_for_state(self.address, "Running")

    def tearDown(self):
        """The run beside it has noticed nothing."""
        status = json.loads(self.operate("status", "--json", self.address).stdout)
        self.assertEqual(("Running", ["honest"], ["connected"]),
                         (status["state"], [a["name"] for a in status["agents"]], [a["state"] for a in status["agents"]]))
        self.assertEqual(0, self.operate("stop", self.address).returncode)
        self.assertEqual(103, self.coordinator.wait(timeout=PATIENCE), self.said())
        self.assertEqual(0, self.honest.wait(timeout=PATIENCE))
        super().tearDown()

    def said(self):
        return self.errors_path.read_text("utf-8")

    def wait_for_line(self, pattern):
        return wait_until(lambda: re.search(pattern, self.said()), f"the coordinator says {pattern}", at_last=self.said)[0]

    def refused(self, kind):
        status = json.loads(self.operate("status", "--json", self.address).stdout)
        return int(status.get("refused", {}).get(kind, 0))

    def run_agent(self, *args):
        return subprocess.run([BIN / "lockstep-agent", "--coordinator", self.address, "--once", *args],
                              capture_output=True, text=True, timeout=PATIENCE)

    def tell(self, peer, there, here):
        print(f"   {peer}: it hears: {there.strip()[-220:]!r}; the coordinator says: {here!r}", flush=True)

    def test_a_wrong_token(self):
        folder = self.folder / "guesser"
        shutil.copytree(self.trust / "agent", folder)
        (folder / "token").write_text("0123456789abcdef guessed", "utf-8")
        agent = self.run_agent("--credentials", folder, "--name", "guesser")
        self.assertEqual(255, agent.returncode)
        self.assertIn("the coordinator refused: agent guesser does not know the fleet's join token", agent.stderr)
        line = self.wait_for_line(r"refused agent at 127\.0\.0\.1:\d+: agent guesser does not know the fleet's join token")
        self.assertEqual(1, self.refused("token"))
        self.tell("wrong token", agent.stderr, line)

    def test_another_fleet(self):
        folder = self.folder / "other"
        folder.mkdir()
        for arguments in (["init"], ["agent"]):
            subprocess.run([BIN / "lockstep", "certs", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        agent = self.run_agent("--credentials", folder / "agent", "--name", "stray")
        self.assertEqual(255, agent.returncode)
        self.assertIn("the certificate of 'coordinator': not signed by this fleet's authority", agent.stderr)
        line = self.wait_for_line(r"refused 127\.0\.0\.1:\d+: it connected and made no call that is allowed[^\"]*")
        self.tell("another fleet's agent", agent.stderr, line)

    def test_plain_text(self):
        agent = self.run_agent("--insecure", "--name", "naked")
        self.assertEqual(255, agent.returncode)
        self.assertIn("it seems to speak TLS, which needs --credentials", agent.stderr)
        line = self.wait_for_line(r"refused 127\.0\.0\.1:\d+: it does not speak TLS")
        self.tell("plain text", agent.stderr, line)

    def test_garbage(self):
        noise = random.Random(1)
        for first in (b"\x00", b"\xff", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x40\x00"):
            with connect(self.port) as peer:
                peer.sendall(first + noise.randbytes(20_000))
                hear(peer)  # comes to an end
        with connect(self.port) as peer, self.tls(peer) as inside:  # an operator who speaks no HTTP/2
            try:
                inside.sendall(noise.randbytes(20_000))
                hear(inside)
            except (ssl.SSLError, BrokenPipeError, ConnectionResetError):
                pass  # the coordinator has ended it sooner or later
        line = self.wait_for_line(r"refused 127\.0\.0\.1:\d+: it does not speak TLS")
        self.assertGreaterEqual(self.refused("protocol"), 3)
        self.tell("garbage", "the end of the connection", line)

    def tls(self, connection):
        context = ssl.create_default_context(cafile=self.trust / "operator/ca.crt")
        context.load_cert_chain(self.trust / "operator/tls.crt", self.trust / "operator/tls.key")
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(connection, server_hostname="127.0.0.1")

    def test_slow_and_half_open_peers(self):
        record = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        slow = [connect(self.port) for _ in range(50)]
        ended = set()
        for byte in record:
            for peer in slow:
                try:
                    peer.send(bytes([byte]))
                except OSError:
                    ended.add(peer)
            time.sleep(0.8)  # a byte now and then: all of it takes longer than a handshake may
        for peer in slow:
            hear(peer)  # the coordinator has hung up
            peer.close()
        line = self.wait_for_line(r"refused 127\.0\.0\.1:\d+: it connected and made no call that is allowed[^\"]*")
        self.tell("slow handshakes", "the end of the connection", line)

    def test_a_thousand_connections_that_say_nothing(self):
        silent = [connect(self.port) for _ in range(1000)]
        self.assertEqual(0, self.operate("status", self.address).returncode)
        for peer in silent:
            self.assertEqual(b"", hear(peer))
            peer.close()
        line = self.wait_for_line(r"refused 127\.0\.0\.1:\d+: (too many connections that say|it connected and said) nothing")
        self.assertEqual(1000, self.refused("limit") + self.refused("silence"))
        self.tell("1000 silent connections", "the end of the connection", line)


class Recorder:
    """Passes a connection on, and keeps what crosses."""

    def __init__(self, port):
        self.target = port
        self.bytes = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = connect(self.target)
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(a, b), daemon=True).start()

    def pass_on(self, source, sink):
        try:
            while piece := source.recv(65536):
                self.bytes += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Wire(FleetTest):
    """What a listener between an agent and its coordinator gets."""

    def capture(self, coordinator_flags, agent_flags):
        port = free_port()
        script = self.script(f"// {MARKER}\nexport const options = {{ iterations: 3 }}; export default function () {{}}")
        coordinator = self.start("coordinator", "-q", *coordinator_flags, "--listen", f"127.0.0.1:{port}",
                                 "-e", "PASSWORD=a-secret-of-the-environment", script)
        self.wait_for_port(port, coordinator)
        recorder = Recorder(port)
        self.addCleanup(recorder.listener.close)
        agent = subprocess.run([BIN / "lockstep-agent", "--coordinator", f"127.0.0.1:{recorder.port}", "--once",
                                *agent_flags], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(0, agent.returncode, agent.stderr)
        _, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, coordinator.returncode, errors)
        return bytes(recorder.bytes)

    def test_no_script_and_no_token_crosses_the_wire_in_the_clear(self):
        token = (self.trust / "agent/token").read_bytes().strip()
        wire = self.capture(["--credentials", self.trust / "coordinator"],
                            ["--credentials", self.trust / "agent", "--name", "a-name-of-an-agent"])
        secrets = (MARKER.encode(), token, bytes.fromhex(token.decode()), b"a-secret-of-the-environment",
                   b"a-name-of-an-agent")
        self.assertGreater(len(wire), 1000)
        for secret in secrets:
            self.assertNotIn(secret, wire)
        print(f"   {len(wire)} bytes on the wire: no script, no token, no environment, no agent's name", flush=True)

    def test_the_recorder_would_have_seen_it(self):
        wire = self.capture(["--insecure"], ["--insecure"])
        self.assertIn(MARKER.encode(), wire)
        self.assertIn(b"a-secret-of-the-environment", wire)


if __name__ == "__main__":
    unittest.main()
