"""A real server as the peer: nginx over HTTP/1.1, TLS and HTTP/2. What it logs is what the run counts."""
import json
import unittest

from tests.integration.nginx_peer import NginxTest

SIZE = 100_000
VUS, ITERATIONS = 4, 40

SCRIPT = """
import http from 'k6/http';
import { check } from 'k6';
export const options = {
  insecureSkipTLSVerify: true,
  scenarios: { s: { executor: 'per-vu-iterations', vus: %d, iterations: %d } },
  thresholds: { checks: ['rate==1'] },
};
export default function () {
  for (const [url, proto] of [[__ENV.PLAIN, 'HTTP/1.1'], [__ENV.TLS, 'HTTP/1.1'], [__ENV.H2, 'HTTP/2.0']]) {
    const moved = http.get(`${url}/moved`);
    check(moved, {
      file: (r) => r.status === 200 && r.body.length === %d && r.url.endsWith('/file'),
      protocol: (r) => r.proto === proto,
      tls: (r) => (url === __ENV.PLAIN ? r.tls_version === '' : r.tls_version === http.TLS_1_3),
      phases: ({ timings: t }) => t.duration > 0 && Math.abs(t.sending + t.waiting + t.receiving - t.duration) < 1e-6,
    });
    check(http.get(`${url}/missing`), { 'not found': (r) => r.status === 404 && r.error_code === 1404 });
  }
  const batch = http.batch(['a', 'b', 'c'].map((name) => ['POST', `${__ENV.H2}/file?${name}`, 'x'.repeat(%d)]));
  check(batch, { 'refused as any file': (all) => all.every((r) => r.status === 405 && r.proto === 'HTTP/2.0') });
}
""" % (VUS, ITERATIONS, SIZE, SIZE)


class Nginx(NginxTest):
    FACTS = "$server_port $server_protocol $status $body_bytes_sent $connection $ssl_protocol"
    HTTP2 = "ssl http2"
    SERVES = "root files; location /moved { return 301 /file; }"

    def setUp(self):
        super().setUp()
        (self.folder / "files").mkdir()
        (self.folder / "files/file").write_bytes(b"x" * SIZE)

    def test_it_logs_what_the_run_counts(self):
        plain, tls, h2 = self.ports
        result = self.lockstep("run", "-q", "-e", f"PLAIN=http://127.0.0.1:{plain}", "-e", f"TLS=https://127.0.0.1:{tls}",
                               "-e", f"H2=https://127.0.0.1:{h2}", "--summary-export", "export.json", self.script(SCRIPT))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        log = self.log()
        metrics = json.loads((self.folder / "export.json").read_text("utf-8"))["metrics"]
        # A redirect, a file and a missing one, over three ways, and a batch of three.
        self.assertEqual(VUS * ITERATIONS * (9 + 3), len(log))
        self.assertEqual(len(log), metrics["http_reqs"]["count"])
        self.assertEqual(VUS * ITERATIONS * (3 + 3), metrics["http_req_failed"]["passes"])
        bodies = sum(int(size) for _, _, _, size, *_ in log)
        self.assertGreater(metrics["data_received"]["count"], bodies)
        for port, protocol in ((plain, "HTTP/1.1"), (tls, "HTTP/1.1"), (h2, "HTTP/2.0")):
            lines = [line for line in log if line[0] == str(port)]
            self.assertEqual({protocol}, {line[1] for line in lines})
            self.assertEqual(VUS, len({line[4] for line in lines}), "each VU keeps its connection")


if __name__ == "__main__":
    unittest.main()
