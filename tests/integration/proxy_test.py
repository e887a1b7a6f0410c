"""Proxies of the environment by what they, and the servers behind them, see: HTTP, CONNECT and SOCKS5."""
import base64
import socket
import socketserver
import struct
import threading
import unittest

from tests.integration.nginx_peer import Peer
from tests.integration.support import PATIENCE, free_port


def tunnel(client, port):
    """All that a client sends to a port of loopback, and all that comes back, until both have said their last."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        def back():
            while (data := peer.recv(65536)):
                client.sendall(data)
        other = threading.Thread(target=back, daemon=True)
        other.start()
        while (data := client.recv(65536)):
            peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        other.join(PATIENCE)


class Proxy(socketserver.ThreadingTCPServer):
    """Answers plain requests itself, and lets CONNECT through to one port, or refuses it."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, to_port, refusal=None):
        self.to_port, self.refusal, self.heads = to_port, refusal, []
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class ProxyHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = []
            while (line := self.rfile.readline().strip()):
                head.append(line.decode())
            if not head:
                return
            self.server.heads.append(head)
            if not head[0].startswith("CONNECT "):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
                continue
            if self.server.refusal:
                self.wfile.write(f"HTTP/1.1 {self.server.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            tunnel(self.connection, self.server.to_port)
            return


class SocksProxy(socketserver.ThreadingTCPServer):
    """SOCKS5 (RFC 1928), with a name and a password (RFC 1929) when it is given them; lets all through to one port."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, to_port, login=None):
        self.to_port, self.login, self.targets = to_port, login, []
        super().__init__(("127.0.0.1", 0), SocksHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, login=""):
        return f"socks5://{login}127.0.0.1:{self.server_address[1]}"


class SocksHandler(socketserver.StreamRequestHandler):
    def handle(self):
        methods = self.greeting()
        method = 2 if self.server.login else 0
        if method not in methods:
            self.wfile.write(b"\x05\xff")
            return
        self.wfile.write(bytes([5, method]))
        if method == 2 and not self.logged_in():
            return
        self.server.targets.append(self.target())
        self.wfile.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        tunnel(self.connection, self.server.to_port)

    def greeting(self):
        version, count = self.rfile.read(2)
        assert version == 5, version
        return self.rfile.read(count)

    def logged_in(self):
        assert self.rfile.read(1) == b"\x01"
        login = tuple(self.rfile.read(self.rfile.read(1)[0]).decode() for _ in range(2))
        self.wfile.write(bytes([1, login != self.server.login]))
        return login == self.server.login

    def target(self):
        version, command, _, kind = self.rfile.read(4)
        assert (version, command) == (5, 1), (version, command)
        host = socket.inet_ntoa(self.rfile.read(4)) if kind == 1 else self.rfile.read(self.rfile.read(1)[0]).decode()
        return f"{host}:{struct.unpack('!H', self.rfile.read(2))[0]}"


class Proxies(Peer):
    ONCE = {"scenarios": {"s": {"executor": "per-vu-iterations", "vus": 1, "iterations": 1}}}

    def proxy(self, **env):
        proxy = Proxy(self.tls, env.pop("refusal", None))
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        self.set_proxies({name: proxy.url if value is True else value for name, value in env.items()})
        return proxy

    def socks(self, login=None, claim=""):
        proxy = SocksProxy(self.tls, login)
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        self.set_proxies({"HTTP_PROXY": proxy.url(claim), "HTTPS_PROXY": proxy.url(claim)})
        return proxy

    def set_proxies(self, env):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
            self.env.pop(name, None)
        self.env.update(env)

    def test_plain_requests_go_to_the_proxy_in_absolute_form(self):
        proxy = self.proxy(HTTP_PROXY=True)
        self.run_script(self.ONCE, """
            check(http.get('http://origin.test:8000/a?b=c'), { ok: (r) => r.status === 200 && r.body === 'proxied' });""")
        self.assertEqual(["GET http://origin.test:8000/a?b=c HTTP/1.1"], [head[0] for head in proxy.heads])
        self.assertIn("Host: origin.test:8000", proxy.heads[0])

    def test_tls_goes_through_a_tunnel(self):
        proxy = self.proxy(HTTPS_PROXY=True)
        self.run_script(self.ONCE, """
            check(http.get('https://origin.test/x'), { ok: (r) => r.status === 200 && r.body === 'hello\\n' });""")
        self.assertEqual(["CONNECT origin.test:443 HTTP/1.1"], [head[0] for head in proxy.heads])
        self.assertEqual([str(self.tls)], [port for port, *_ in self.log()])

    def test_the_phases_of_a_tunnelled_request_are_the_origins(self):
        """The proxy's own answer to CONNECT is not an answer to the request: waiting begins after it."""
        self.proxy(HTTPS_PROXY=True)
        self.run_script(self.ONCE, """
            const { timings, headers } = http.get('https://origin.test/x');
            check(timings, { waited: (t) => t.waiting > 0, sent: (t) => t.sending >= 0,
              adds: (t) => Math.abs(t.duration - t.sending - t.waiting - t.receiving) < 0.001 });
            check(headers, { origin: (h) => h['Server'].startsWith('nginx') });""")

    def test_websockets_go_through_a_tunnel(self):
        proxy = self.proxy(HTTP_PROXY=True)
        proxy.to_port = self.plain
        self.run_script(self.ONCE, """
            const r = ws.connect('ws://origin.test/x', {}, () => {});
            check(r, { refused: (r) => r.status === 200 && r.body === 'hello\\n' });""")
        self.assertEqual(["CONNECT origin.test:80 HTTP/1.1"], [head[0] for head in proxy.heads])
        self.assertEqual([str(self.plain)], [port for port, *_ in self.log()])

    def test_no_proxy_and_loopback_go_straight(self):
        proxy = self.proxy(HTTP_PROXY=True, NO_PROXY=".test")
        self.run_script({**self.ONCE, "hosts": {"origin.test": f"127.0.0.1:{self.plain}"}}, """
            check(http.get('http://origin.test/'), { straight: (r) => r.body === 'hello\\n' });
            check(http.get(PLAIN), { loopback: (r) => r.body === 'hello\\n' });""")
        self.assertEqual([], proxy.heads)

    def test_prior_knowledge_does_not_reach_a_proxy(self):
        self.proxy(HTTP_PROXY=True)
        self.run_script({**self.ONCE, "http2PriorKnowledge": True},
                        "check(http.get('http://origin.test/'), { ok: (r) => r.body === 'proxied' });")

    def test_a_refusal_of_the_proxy_is_an_error_of_the_request(self):
        self.proxy(HTTPS_PROXY=True, refusal="403 Forbidden")
        result = self.run_script(self.ONCE, """
            const r = http.get('https://origin.test/');
            check(r, { failed: (r) => r.status === 0 && r.error_code === 1000 });
            console.log(`error=${r.error}`);""")
        self.assertIn("error=Forbidden", result.stderr)

    def test_a_proxy_gets_its_own_credentials_and_the_origin_none_of_them(self):
        proxy = self.proxy(HTTP_PROXY=True, HTTPS_PROXY=True)
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            self.env[name] = proxy.url.replace("//", "//user:pass@")
        self.run_script(self.ONCE, """
            check(http.get('http://origin.test/'), { plain: (r) => r.status === 200 });
            check(http.get('https://origin.test/'), { tls: (r) => r.status === 200 });""")
        wanted = "Proxy-Authorization: Basic " + base64.b64encode(b"user:pass").decode()
        self.assertEqual(2, len(proxy.heads))
        for head in proxy.heads:
            self.assertIn(wanted, head)

    def test_a_mistyped_proxy_is_told_before_the_run(self):
        self.proxy(HTTP_PROXY="ftp://user:secret@proxy.test")
        result = self.lockstep("run", "-q", self.script("export default function () {}"))
        self.assertEqual(104, result.returncode)
        self.assertIn("HTTP_PROXY: want http://host:port", result.stderr)
        self.assertNotIn("secret", result.stderr)

    def test_a_proxy_that_is_not_there_is_refused(self):
        self.proxy(HTTP_PROXY=f"http://127.0.0.1:{free_port()}")
        result = self.run_script(self.ONCE, """
            const r = http.get('http://origin.test/');
            check(r, { refused: (r) => r.status === 0 && r.error_code === 1212 });
            console.log(`error=${r.error}`);""")
        self.assertIn("proxyconnect tcp", result.stderr)

    def test_a_socks_proxy_gets_the_name_and_looks_it_up(self):
        proxy = self.socks()
        self.run_script(self.ONCE, """
            check(http.get('https://origin.test/x'), { ok: (r) => r.status === 200 && r.body === 'hello\\n' });""")
        self.assertEqual(["origin.test:443"], proxy.targets)
        self.assertEqual([str(self.tls)], [port for port, *_ in self.log()])

    def test_plain_requests_go_through_a_socks_proxy_as_to_the_origin(self):
        proxy = self.socks()
        proxy.to_port = self.plain
        self.run_script(self.ONCE, """
            check(http.get('http://origin.test:8000/a?b=c'), { ok: (r) => r.body === 'hello\\n' });
            check(ws.connect('ws://origin.test/x', {}, () => {}), { refused: (r) => r.status === 200 });""")
        self.assertEqual(["origin.test:8000", "origin.test:80"], proxy.targets)
        self.assertEqual(["/a?b=c", "/x"], [target for *_, target in self.log()])

    def test_a_socks_proxy_gets_credentials(self):
        proxy = self.socks(login=("user", "pass"), claim="user:pass@")
        self.run_script(self.ONCE, "check(http.get('https://origin.test/'), { ok: (r) => r.status === 200 });")
        self.assertEqual(["origin.test:443"], proxy.targets)

    def test_a_socks_proxy_refuses_wrong_credentials(self):
        proxy = self.socks(login=("user", "pass"), claim="user:word@")
        result = self.run_script(self.ONCE, """
            const r = http.get('https://origin.test/');
            check(r, { failed: (r) => r.status === 0 && r.error_code === 1000 });
            console.log(`error=${r.error}`);""")
        self.assertEqual([], proxy.targets)
        self.assertIn("User was rejected by the SOCKS5 server", result.stderr)


if __name__ == "__main__":
    unittest.main()
