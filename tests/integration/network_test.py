"""Network options by their real effect: what servers on loopback see of connections, addresses and protocols."""
import base64
import ctypes
import http.server
import json
import shutil
import socketserver
import struct
import subprocess
import threading
import time
import unittest

from tests.integration.nginx_peer import Peer
from tests.integration.support import BIN, PATIENCE, LockstepTest, free_port


def libcurl_has_http3():
    libcurl = ctypes.CDLL("libcurl.so.4")
    libcurl.curl_version.restype = ctypes.c_char_p
    return b"nghttp3" in libcurl.curl_version()


LIBCURL_HAS_HTTP3 = libcurl_has_http3()


class Connections(Peer):
    TWICE = "for (let i = 0; i < 2; ++i) check(http.get(PLAIN), { ok: (r) => r.status === 200 });"

    def connections(self):
        log = self.log()
        self.assertEqual(3 * 4 * 2, len(log))
        return len({connection for _, _, connection, *_ in log})

    def test_a_vu_keeps_its_connection(self):
        self.run_script({}, self.TWICE)
        self.assertEqual(3, self.connections())

    def test_no_vu_connection_reuse_dials_anew_in_each_iteration(self):
        self.run_script({"noVUConnectionReuse": True}, self.TWICE)
        self.assertEqual(3 * 4, self.connections())

    def test_no_connection_reuse_dials_anew_for_each_request(self):
        self.run_script({"noConnectionReuse": True}, self.TWICE)
        self.assertEqual(3 * 4 * 2, self.connections())

    def test_each_vu_has_its_local_address(self):
        code = "http.get(`${PLAIN}/?vu=${__VU}`);"
        self.run_script({"scenarios": {"s": {"executor": "per-vu-iterations", "vus": 8, "iterations": 2}}}, code,
                        "--local-ips", "127.0.0.2-127.0.0.9")
        log = self.log()
        self.assertEqual(16, len(log))
        addresses = {}
        for *_, address, target in log:
            addresses.setdefault(target, set()).add(address)
        self.assertEqual([{f"127.0.0.{n}"} for n in range(2, 10)], [addresses[f"/?vu={n}"] for n in range(1, 9)])

    def test_more_vus_than_addresses_share_them(self):
        self.run_script({}, "http.get(PLAIN);", "--local-ips", "127.0.0.2,127.0.0.3")
        addresses = [address for _, _, _, address, _ in self.log()]
        self.assertEqual({"127.0.0.2": 8, "127.0.0.3": 4}, {a: addresses.count(a) for a in set(addresses)})


class Descriptors(LockstepTest):
    SCRIPT = """
        import http from 'k6/http';
        export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 300, iterations: 2 } } };
        export default function () {
          const { status, error, error_code } = http.get(`${__ENV.TARGET}/delay/1000`);
          if (status !== 200) console.log(`failed ${error_code} ${error}`);
        }
    """

    def run_under(self, limit):
        """With the limits of descriptors that `ulimit` sets."""
        server = self.serve()
        return subprocess.run(["bash", "-c", f"ulimit {limit}; exec \"$@\"", "bash", BIN / "lockstep", "run", "--log-format=raw",
                               "-e", f"TARGET={server.url}", "--summary-export", "out.json", self.script(self.SCRIPT)],
                              capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, env=self.env)

    def test_a_run_that_has_too_few_goes_on_and_says_so(self):
        result = self.run_under("-n 256")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("lost", result.stderr)
        self.assertIn("failed 1213 dial: unknown errno `24` on linux with message `too many open files`", result.stderr)
        metrics = json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]
        self.assertEqual(600, metrics["iterations"]["count"])
        self.assertGreater(metrics["http_reqs_errors"]["count"] if "http_reqs_errors" in metrics else
                           metrics["http_req_failed"]["passes"], 50)
        self.assertRegex(result.stdout, r"ERRORS +\d+ of 600 requests failed")
        self.assertIn("connections failed because no local port or file descriptor was left", result.stdout)

    def test_the_soft_limit_is_raised(self):
        result = self.run_under("-Sn 256")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertIn("600 requests", result.stdout)
        self.assertNotIn("failed", result.stdout.split("TOTAL RESULTS")[1].replace("http_req_failed", ""))


class Certificates(LockstepTest):
    def serve_tls(self, *extension):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        *extension, "-keyout", "key.pem", "-out", "cert.pem"], cwd=self.folder, check=True, capture_output=True,
                       timeout=PATIENCE)
        port = free_port()
        server = subprocess.Popen(["openssl", "s_server", "-quiet", "-www", "-accept", str(port), "-cert", "cert.pem", "-key",
                                   "key.pem", "-alpn", "h2,http/1.1"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.wait_for_port(port, server)
        self.env["SSL_CERT_FILE"] = str(self.folder / "cert.pem")
        return f"https://localhost:{port}/"

    def ask(self, url):
        result = self.lockstep("run", "-q", "--log-format=raw", "-e", f"URL={url}", self.script("""
            import http from 'k6/http';
            export default function () {
              const { status, proto, error, error_code } = http.get(__ENV.URL, { timeout: '3s' });
              console.log('got', status, proto, error_code, error);
            }
        """))
        return next(line for line in result.stderr.splitlines() if line.startswith("got"))

    def test_a_common_name_is_no_name_of_a_host(self):
        self.assertEqual("got 0  1311 x509: certificate doesn't match hostname", self.ask(self.serve_tls()))

    def test_gos_setting_keeps_http2_away(self):
        url = self.serve_tls("-addext", "subjectAltName=DNS:localhost")
        # This server lets HTTP/2 be chosen, but speaks HTTP/1 only.
        self.assertTrue(self.ask(url).startswith("got 0 "))
        self.env["GODEBUG"] = "x=1,http2client=0"
        self.assertRegex(self.ask(url), r"got 200 HTTP/1.\d 0")


class Protocols(Peer):
    def test_http2_by_prior_knowledge(self):
        self.run_script({"http2PriorKnowledge": True}, """
            for (let i = 0; i < 2; ++i) {
              check(http.get(H2C), { proto: (r) => r.proto === 'HTTP/2.0' && r.body === 'hello\\n' });
            }
            check(http.batch([H2C, H2C, H2C]), { batch: (all) => all.every((r) => r.status === 200) });""")
        log = self.log()
        self.assertEqual(3 * 4 * 5, len(log))
        self.assertEqual({"HTTP/2.0"}, {protocol for _, protocol, *_ in log})
        self.assertEqual(3, len({connection for _, _, connection, *_ in log}), "one connection a VU, batches on it, too")

    def test_without_it_plain_http_is_http1(self):
        self.run_script({}, "check(http.get(PLAIN), { proto: (r) => r.proto === 'HTTP/1.1' });")

    def test_prior_knowledge_of_a_server_that_speaks_http1_only_is_an_error_of_the_request(self):
        self.run_script({"http2PriorKnowledge": True},
                        "check(http.get(PLAIN), { failed: (r) => r.status === 0 && r.error_code >= 1600 && r.error !== '' });")

    @unittest.skipUnless(LIBCURL_HAS_HTTP3 and shutil.which("caddy"), "there is no HTTP/3, or no Caddy to speak it with")
    def test_http3_is_spoken_with_a_real_server(self):
        port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE)
        (self.folder / "Caddyfile").write_text(
            "{\n admin off\n auto_https off\n servers {\n  protocols h1 h2 h3\n }\n}\n"
            f"https://localhost:{port} {{\n tls cert.pem key.pem\n respond hello\n}}\n", "utf-8")
        caddy = subprocess.Popen(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=self.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(caddy.wait)
        self.addCleanup(caddy.terminate)
        self.wait_for_port(port, caddy)
        self.run_script({"insecureSkipTLSVerify": True},
                        f"check(http.get('https://localhost:{port}/'), "
                        "{ h3: (r) => r.proto === 'HTTP/3' && r.status === 200 && r.body === 'hello' });", "--http3")

    @unittest.skipIf(LIBCURL_HAS_HTTP3, "this libcurl has HTTP/3")
    def test_http3_is_refused_by_name_where_libcurl_has_none(self):
        result = self.lockstep("run", "-q", "--http3", self.script("export default () => {};"))
        self.assertEqual(104, result.returncode)
        self.assertRegex(result.stderr, r"http3: this agent's libcurl \(.* with OpenSSL/.*\) has no HTTP/3; one is needed")

    def test_http_debug_goes_to_the_log(self):
        result = self.run_script({}, "http.get(`${PLAIN}/page`);", "--http-debug=full", "--vus", "1", "--iterations", "1")
        self.assertIn("GET /page HTTP/1.1", result.stderr)
        self.assertIn("HTTP/1.1 200 OK", result.stderr)
        self.assertIn("source=http-debug", result.stderr)
        self.assertIn("hello", result.stderr)

    def test_http_debug_takes_no_other_word(self):
        result = self.lockstep("run", "--http-debug=everything", self.script("export default function () {}"))
        self.assertEqual(255, result.returncode)
        self.assertIn("everything", result.stderr)
        self.assertIn("full", result.stderr)

    def test_a_certificate_that_nobody_vouches_for_is_told_with_the_flag_that_accepts_it(self):
        result = self.run_script({"insecureSkipTLSVerify": False}, "check(http.get(TLS), { failed: (r) => r.error_code === 1311 });")  # it is not for 127.0.0.1 either
        self.assertIn("hint=\"--insecure-skip-tls-verify accepts any certificate; SSL_CERT_FILE names", result.stderr)

    def test_keys_of_tls_are_written_for_whoever_reads_the_wire(self):
        keys = self.folder / "keys.log"
        self.env["SSLKEYLOGFILE"] = str(keys)
        self.run_script({}, "http.get(TLS);")
        lines = [line.split() for line in keys.read_text("utf-8").splitlines()]
        secrets = [line for line in lines if line[0] == "CLIENT_TRAFFIC_SECRET_0"]
        self.assertEqual(3, len(secrets), "one for each VU's connection")
        self.assertEqual(3, len({random for _, random, _ in secrets}))

    def test_keys_of_tls_1_2(self):
        keys = self.folder / "keys.log"
        self.env["SSLKEYLOGFILE"] = str(keys)
        self.run_script({"tlsVersion": "tls1.2"}, "http.get(TLS);")
        self.assertEqual({"CLIENT_RANDOM"}, {line.split()[0] for line in keys.read_text("utf-8").splitlines()})


class Staples(Peer):
    ONCE = {"scenarios": {"s": {"executor": "per-vu-iterations", "vus": 1, "iterations": 2}}, "systemTags": ["ocsp_status"]}

    def directives(self):
        """Staples to the handshake that the certificate was revoked."""
        serial = subprocess.run(["openssl", "x509", "-in", "cert.pem", "-noout", "-serial"], cwd=self.folder, check=True,
                                capture_output=True, text=True).stdout.strip().removeprefix("serial=")
        (self.folder / "index.txt").write_text(f"R\t401231000000Z\t260102030405Z,superseded\t{serial}\tunknown\t/CN=localhost\n")
        subprocess.run(["openssl", "ocsp", "-index", "index.txt", "-rsigner", "cert.pem", "-rkey", "key.pem", "-CA", "cert.pem",
                        "-issuer", "cert.pem", "-cert", "cert.pem", "-ndays", "1", "-noverify", "-respout", "staple.der"],
                       cwd=self.folder, check=True, capture_output=True)
        return "ssl_stapling on; ssl_stapling_file staple.der;"

    def test_a_staple_is_in_the_response_and_in_its_tag(self):
        out = self.folder / "points.json"
        self.run_script(self.ONCE, """
            const { ocsp } = http.get(TLS);
            check(ocsp, { status: (o) => o.status === http.OCSP_STATUS_REVOKED,
              reason: (o) => o.revocation_reason === http.OCSP_REASON_SUPERSEDED,
              revoked: (o) => o.revoked_at === Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
              updates: (o) => o.next_update - o.this_update === 86400 && o.produced_at === o.this_update });
            check(http.get(PLAIN).ocsp, { 'nothing without TLS': (o) => o.status === '' && o.produced_at === 0 });""",
                        "--out", f"json={out}")
        points = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        tags = [p["data"]["tags"].get("ocsp_status") for p in points if p["type"] == "Point" and p["metric"] == "http_reqs"]
        self.assertEqual(["revoked", None] * 2, tags)


class NoStaples(Peer):
    def test_no_staple_is_unknown(self):
        self.run_script({}, "check(http.get(TLS).ocsp, { unknown: (o) => o.status === 'unknown' && o.revocation_reason === '' });")


class Authorities(Peer):
    VERIFIED = {"insecureSkipTLSVerify": False, "hosts": {"localhost": "127.0.0.1"}}
    GET = "const r = http.get(TLS.replace('127.0.0.1', 'localhost'));"

    def test_a_file_of_the_environment_is_trusted(self):
        self.env["SSL_CERT_FILE"] = str(self.folder / "cert.pem")
        self.run_script(self.VERIFIED, self.GET + "check(r, { ok: (r) => r.status === 200 });")

    def test_the_system_trusts_nobody_of_ours(self):
        self.run_script(self.VERIFIED, self.GET + "check(r, { unknown: (r) => r.status === 0 && r.error_code === 1310 });")

    def test_a_file_that_is_not_there_is_told_before_the_run(self):
        self.env["SSL_CERT_FILE"] = str(self.folder / "nowhere.pem")
        result = self.lockstep("run", "-q", self.script("export default function () {}"))
        self.assertEqual(104, result.returncode)
        self.assertIn("SSL_CERT_FILE: there is no PEM certificate to be read in", result.stderr)


class Names(Peer):
    def test_hosts_map_names_patterns_and_ports(self):
        nowhere = free_port()
        self.run_script({"hosts": {"exact.test": f"127.0.0.1:{self.plain}", "*.wild.test": f"127.0.0.2:{nowhere}",
                                   "*.deep.wild.test": f"127.0.0.1:{self.plain}", "port.test:81": f"127.0.0.1:{self.plain}",
                                   "port.test": f"127.0.0.1:{nowhere}"}}, """
            const status = (url) => http.get(url).status || http.get(url).error_code;
            check(null, {
              exact: () => status('http://exact.test/') === 200,
              wild: () => status('http://a.wild.test/') === 1212,
              'longest pattern': () => status('http://a.deep.wild.test/') === 200,
              'with its port': () => status('http://port.test:81/') === 200,
              'with another port': () => status('http://port.test:82/') === 1212,
            });""")

    def test_blocked_names_and_addresses_are_not_dialled(self):
        self.run_script({"blockHostnames": ["*.blocked.test", "one.test"], "blacklistIPs": ["127.0.0.0/8"],
                         "hosts": {"mapped.test": "127.0.0.1"}}, """
            for (const [url, code] of [['http://a.blocked.test/', 1111], ['http://one.test/', 1111], [PLAIN, 1110],
                                       [`http://localhost:${new URL(PLAIN).port}/`, 1110], ['http://mapped.test/', 1110]]) {
              check(http.get(url), { [`${code} ${url}`]: (r) => r.status === 0 && r.error_code === code });
            }""")
        self.assertEqual([], self.log())

    def test_lookups_are_kept_as_dns_says(self):
        for ttl, looked_up in (("inf", 1), ("0", 4)):
            with self.subTest(ttl):
                result = self.run_script({"dns": {"ttl": ttl, "policy": "onlyIPv4"}, "noConnectionReuse": True,
                                          "scenarios": {"s": {"executor": "per-vu-iterations", "vus": 1, "iterations": 4}}},
                                         """const r = http.get(`http://localhost:${new URL(PLAIN).port}/`);
                                            check(r, { ok: (r) => r.status === 200 && r.remote_ip === '127.0.0.1' });
                                            if (r.timings.looking_up > 0) console.log('looked up');""")
                self.assertEqual(looked_up, result.stderr.count("looked up"))

    def test_wrong_names_are_told_before_the_run(self):
        for option, value, word in (("dns", {"select": "last"}, "last"), ("dns", {"policy": "ipv6"}, "ipv6"),
                                    ("blacklistIPs", ["300.1.1.1/8"], "300.1.1.1/8"), ("hosts", {"a.test": "b.test"}, "b.test"),
                                    ("blockHostnames", ["a*b"], "a*b")):
            with self.subTest(option=option, value=value):
                result = self.lockstep("run", "-q", self.script(
                    f"export const options = {{ {option}: {json.dumps(value)} }};\nexport default function () {{}}"))
                self.assertEqual(104, result.returncode, result.stderr)
                self.assertIn(option, result.stderr)
                self.assertIn(word, result.stderr)


class Mistakes(LockstepTest):
    def test_a_bad_option_is_no_exception_of_the_script(self):
        result = self.lockstep("run", "-q", self.script("""
            export const options = { tlsCipherSuites: ['TLS_NOPE'] };
            export default function () {}"""))
        self.assertEqual(104, result.returncode)
        self.assertIn("unknown cipher suite 'TLS_NOPE', want TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ", result.stderr)
        self.assertNotIn("script exception", result.stderr)


class NtlmServer(socketserver.ThreadingTCPServer):
    """Wants NTLM ([MS-NLMP]): the challenge and its answer on one connection, which is then known."""
    allow_reuse_address = True
    daemon_threads = True
    CHALLENGE = bytes(range(1, 9))

    def __init__(self):
        self.seen = []  # connection, type of the message (0: none) and the message
        self.connections = 0
        super().__init__(("127.0.0.1", 0), NtlmHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def type_2(self):
        name, info = "D".encode("utf-16le"), struct.pack("<HH2sHH", 2, 2, "D".encode("utf-16le"), 0, 0)
        flags = 0x1 | 0x200 | 0x8000 | 0x80000 | 0x800000  # Unicode, NTLM, sign, extended security, target info
        head = b"NTLMSSP\0" + struct.pack("<IHHII8s8sHHI", 2, len(name), len(name), 48, flags, self.CHALLENGE, bytes(8),
                                          len(info), len(info), 48 + len(name))
        return base64.b64encode(head + name + info).decode()


class NtlmHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        connection, known = self.server.connections, False
        while True:
            head = []
            while (line := self.rfile.readline().strip()):
                head.append(line.decode())
            if not head:
                return
            fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if ": " in line)}
            body = self.rfile.read(int(fields.get("content-length", 0)))
            token = fields.get("authorization", "").removeprefix("NTLM ")
            message = base64.b64decode(token)
            kind = struct.unpack_from("<I", message, 8)[0] if message else 0
            self.server.seen.append((connection, kind, message))
            if known or kind == 3:
                known = True
                answer = body or b"welcome"
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
            else:
                challenge = "NTLM " + self.server.type_2() if kind == 1 else "NTLM"
                self.wfile.write(f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\n"
                                 "Content-Length: 0\r\n\r\n".encode())


class Ntlm(LockstepTest):
    def ask(self, call):
        server = NtlmServer()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        result = self.lockstep("run", "-q", "-e", f"AT=user:pass@127.0.0.1:{server.server_address[1]}", self.script(f"""
            import http from 'k6/http';
            import ws from 'k6/ws';
            import {{ check }} from 'k6';
            export const options = {{ thresholds: {{ checks: ['rate==1'] }} }};
            export default function () {{ check({call}, {{ ok: (r) => r.status === 200 }}); }}"""))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return server

    def test_the_handshake_goes_over_one_connection(self):
        server = self.ask("http.get(`http://${__ENV.AT}/`, { auth: 'ntlm' })")
        self.assertEqual({1}, {connection for connection, *_ in server.seen})
        self.assertEqual([1, 3], [kind for _, kind, _ in server.seen if kind])
        answer = server.seen[-1][2]
        length, at = struct.unpack_from("<H2xI", answer, 36)
        user = answer[at:at + length]
        self.assertIn(user, ("user".encode("utf-16le"), b"user"))
        length, at = struct.unpack_from("<H2xI", answer, 20)
        self.assertGreaterEqual(length, 24, "an answer to the challenge")
        self.assertNotIn("pass".encode("utf-16le"), answer)

    def test_a_redirect_to_elsewhere_takes_no_credentials_along(self):
        other, seen = NtlmServer(), []
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)

        class Elsewhere(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                seen.append(self.headers["Authorization"])
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{other.server_address[1]}/")
                self.send_header("Content-Length", "0")
                self.end_headers()

        first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
        self.addCleanup(first.server_close)
        self.addCleanup(first.shutdown)
        threading.Thread(target=first.serve_forever, daemon=True).start()
        result = self.lockstep("run", "-q", "-e", f"AT=user:pass@127.0.0.1:{first.server_address[1]}", self.script("""
            import http from 'k6/http';
            export default function () { console.log('status', http.get(`http://${__ENV.AT}/`, { auth: 'ntlm' }).status); }"""))
        self.assertIn("status 401", result.stderr)
        self.assertTrue(seen[0].startswith("NTLM "), seen)
        self.assertEqual([0], [kind for _, kind, _ in other.seen])

    def test_a_body_arrives_with_the_last_message(self):
        self.ask("http.post(`http://${__ENV.AT}/`, 'x'.repeat(5000), { auth: 'ntlm' })")


class CountingServer(http.server.ThreadingHTTPServer):
    request_queue_size = 64


class Counting(http.server.BaseHTTPRequestHandler):
    """Holds each request until `expected` of them were here at once, and a moment longer; knows the most that were."""
    protocol_version = "HTTP/1.1"
    changed = threading.Condition()
    expected = 0
    now = most = 0

    def do_GET(self):
        cls = type(self)
        with cls.changed:
            cls.now += 1
            cls.most = max(cls.most, cls.now)
            cls.changed.notify_all()
            cls.changed.wait_for(lambda: cls.most >= cls.expected, PATIENCE)
        time.sleep(0.05)  # for one too many to come
        with cls.changed:
            cls.now -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class BatchLimits(LockstepTest):
    def expect(self, expected, options):
        """`expected`: how many requests each host has at once."""
        handlers = [type(f"Counting{n}", (Counting,), {"changed": threading.Condition(), "expected": most})
                    for n, most in enumerate(expected)]
        urls = []
        for handler in handlers:
            server = CountingServer(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            urls += [f"http://127.0.0.1:{server.server_port}/"] * 12
        result = self.lockstep("run", "-q", self.script(f"""
            import http from 'k6/http';
            import ws from 'k6/ws';
            import {{ check }} from 'k6';
            export const options = {json.dumps({**options, "thresholds": {"checks": ["rate==1"]}})};
            export default function () {{
              check(http.batch({json.dumps(urls)}), {{ ok: (all) => all.every((r) => r.status === 200) }});
            }}"""))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertEqual(expected, [handler.most for handler in handlers])

    def test_six_at_once_to_a_host_by_default(self):
        self.expect([6, 6], {})

    def test_batch_per_host_limits_each_host(self):
        self.expect([2, 2], {"batchPerHost": 2})

    def test_batch_limits_all_hosts_together(self):
        self.expect([3], {"batch": 3})

    def test_zero_is_no_limit_to_a_host(self):
        self.expect([12], {"batchPerHost": 0})


if __name__ == "__main__":
    unittest.main()
