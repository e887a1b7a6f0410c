"""Bytes that are not UTF-8, from servers and from people: whoever reads them later gets a mark instead, and the run goes on."""
import json
import os
import socketserver
import subprocess
import threading
import unittest

from tests.integration.support import BIN, PATIENCE, LockstepTest

ANSWERS = {
    b"/version": b"HTTP/1.\xff 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"/reason": b"HTTP/1.1 200 \xff\r\nContent-Length: 0\r\n\r\n",
    b"/fragment": b"HTTP/1.1 302 Found\r\nLocation: /ok#\xff\r\nContent-Length: 0\r\n\r\n",
    b"/ok": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"/host": b"HTTP/1.1 302 Found\r\nLocation: http://m\xfcnchen.example/\r\nContent-Length: 0\r\n\r\n",
    b"/type": b"HTTP/1.1 200 OK\r\nContent-Type: text/\xe9\r\nContent-Length: 0\r\n\r\n",
}

SCRIPT = """
import { check, group } from 'k6';
import http from 'k6/http';
import { EventSource } from 'lockstep/sse';
import { Counter } from 'k6/metrics';
const counter = new Counter('counter');
export const options = { vus: 2, iterations: 4 };
export default function () {
  for (const path of ['version', 'reason', 'fragment', 'host', 'ok']) http.get(`${__ENV.URL}/${path}`);
  const events = new EventSource(`${__ENV.URL}/type`, { reconnect: false });
  events.onerror = (e) => { console.error(e.message); events.close(); };
  const half = '\\ud800';
  group(half, () => check(1, { [half]: () => true }, { [half]: half }));
  counter.add(1, { [half]: half });
  console.log(half, __ENV.FOREIGN);
}
export const handleSummary = (data) => ({ 'summary.json': JSON.stringify(data) });
"""


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while request := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            path = request.split()[1]
            self.server.seen.append(path)
            self.wfile.write(ANSWERS[path])


class ForeignBytes(LockstepTest):
    def serve_bytes(self):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads, server.seen = True, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def run_bytes(self, *args):
        run = subprocess.run([os.fsencode(BIN / "lockstep"), b"run", *args], capture_output=True, timeout=PATIENCE, cwd=self.folder,
                             env=self.env)
        return run.returncode, run.stderr.decode("utf-8", "replace")

    def test_a_script_whose_path_is_no_text_is_refused(self):
        with open(os.fsencode(self.folder) + b"/m\xfcnchen.js", "w", encoding="utf-8") as script:
            script.write("export default () => {};")
        code, said = self.run_bytes(b"m\xfcnchen.js")
        self.assertEqual(104, code)
        self.assertIn("/m\\\\xfcnchen.js\\\" is not UTF-8, as scripts and their folders must be", said)

    def test_no_byte_of_a_server_a_script_or_a_person_harms_a_run(self):
        server = self.serve_bytes()
        code, said = self.run_bytes(b"--agents", b"2", b"--out", b"json=samples.json", b"--tag", b"kind=\xfc", b"-e", b"FOREIGN=\xff",
                                    b"-e", b"URL=http://127.0.0.1:%d" % server.server_address[1], self.script(SCRIPT).encode())
        self.assertEqual(0, code, said)
        summary = json.loads((self.folder / "summary.json").read_text("utf-8"))["metrics"]
        self.assertEqual(4, summary["iterations"]["values"]["count"], said)
        self.assertEqual(4, summary["counter"]["values"]["count"])
        self.assertEqual(4 * 7, len(server.seen))
        # The server sees six requests and an event source an iteration; where the Location leads is a request that is not sent.
        self.assertEqual([4 * 7, 4], [summary[name]["values"]["count"] for name in ("http_reqs", "sse_sessions")], said)
        self.assertIn("m\ufffdnchen.example", said)
        samples = (self.folder / "samples.json").read_text("utf-8")
        self.assertIn("malformed HTTP response", samples)
        self.assertIn("/ok#%FF", samples)


if __name__ == "__main__":
    unittest.main()
