"""Servers that misbehave: each fault is a counted sample with k6's code, and never a crash, a hang or a silent zero."""
import json
import socket
import struct
import threading
import unittest
from collections import Counter

from tests.integration.support import LockstepTest

SCRIPT = """
import http from 'k6/http';
export const options = { iterations: 1, discardResponseBodies: %s };
export default function () {
  for (const path of %s) {
    const r = http.get(`${__ENV.TARGET}/${path}`, { timeout: path === 'silent' || path === 'stalls' ? '300ms' : '30s' });
    console.log(`@ ${path} ${r.status} ${r.error_code} ${r.body === null ? 'none' : r.body.length}`);
  }
}
"""
ENDLESS = 256  # MiB


class Faulty:
    """A server that does what the path says, badly, on a thread for each connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.over = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            getattr(self, request.split(b" ")[1][1:].decode())(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def resets(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def closes(self, connection):
        pass

    def truncates(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")

    def stalls(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        self.over.wait()

    def silent(self, connection):
        self.over.wait()

    def babbles(self, connection):
        connection.sendall(b"good morning\r\n\r\n")

    def lies(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nno gzip!")

    def switches(self, connection):
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: tea\r\nConnection: Upgrade\r\n\r\n")
        self.over.wait()

    def circles(self, connection):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /circles\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def strays(self, connection):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n")

    def floods(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        piece = b"x" * (1 << 20)
        for _ in range(ENDLESS):
            connection.sendall(piece)

    def stop(self):
        self.over.set()
        self.listener.close()


class Faults(LockstepTest):
    def ask(self, paths, discard=False):
        """What the script saw of each path, and the samples of http_reqs by status and error code."""
        server = Faulty()
        self.addCleanup(server.stop)
        result = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "-o", "json=points.json",
                               self.script(SCRIPT % (json.dumps(discard), json.dumps(paths))))
        self.assertEqual(0, result.returncode, result.stderr)
        seen = {}
        for line in result.stderr.splitlines():
            if 'msg="@ ' in line:
                path, status, code, size = line.split('msg="@ ')[1].split('"')[0].split()
                seen[path] = (int(status), int(code), size)
        counted = Counter()
        for line in (self.folder / "points.json").read_text("utf-8").splitlines():
            point = json.loads(line)
            if point["type"] == "Point" and point["metric"] == "http_reqs":
                tags = point["data"]["tags"]
                counted[(int(tags["status"]), int(tags.get("error_code", 0)))] += 1
        return seen, counted

    def test_each_fault_has_its_code_and_is_counted(self):
        expected = {
            "resets": (0, 1220, "none"), "closes": (0, 1000, "none"), "truncates": (0, 1000, "none"),
            "stalls": (0, 1050, "none"), "silent": (0, 1050, "none"), "babbles": (0, 1000, "none"),
            "lies": (0, 1701, "none"), "switches": (0, 1000, "none"), "strays": (0, 1000, "none"),
            "circles": (302, 0, "0"),
        }
        seen, counted = self.ask(list(expected))
        for path, outcome in expected.items():
            with self.subTest(path):
                self.assertEqual(outcome[:2], seen[path][:2])
        # 11 hops of the circle; the answer whose Location leads nowhere is a failure, as the script sees it.
        self.assertEqual(11, counted[(302, 0)])
        self.assertEqual(5, counted[(0, 1000)])
        self.assertEqual(len(expected) - 1 + 11, sum(counted.values()))

    def test_a_flood_is_discarded_as_it_comes(self):
        seen, counted = self.ask(["floods"], discard=True)
        self.assertEqual((200, 0, "none"), seen["floods"])
        self.assertEqual(1, counted[(200, 0)])


if __name__ == "__main__":
    unittest.main()
