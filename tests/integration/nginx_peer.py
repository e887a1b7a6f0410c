"""A real nginx on loopback that writes down what it sees of each request."""
import json
import subprocess

from tests.integration.support import PATIENCE, ROOT, LockstepTest, free_port

NGINX = ROOT / "build/deps/peers/usr/sbin/nginx"

CONFIG = """
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
http {
  log_format facts '%s';
  access_log access.log facts;
  client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate cert.pem; ssl_certificate_key key.pem;
  %s
  server {
    listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl; listen 127.0.0.1:%d %s;
    %s
  }
}
"""


class NginxTest(LockstepTest):
    """nginx on three ports: plain, TLS and HTTP/2 as HTTP2 says."""
    FACTS = "$server_port $server_protocol $connection $remote_addr $request_uri"
    HTTP2 = "http2"
    SERVES = 'location / { return 200 "hello\\n"; }'

    def setUp(self):
        super().setUp()
        if not NGINX.exists():
            self.fail(f"{NGINX} is not there: run scripts/setup --tests")
        self.ports = [free_port() for _ in range(3)]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        config = CONFIG % (self.FACTS, self.directives(), *self.ports, self.HTTP2, self.SERVES)
        (self.folder / "nginx.conf").write_text(config, "utf-8")
        self.server = subprocess.Popen([NGINX, "-p", self.folder, "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        self.addCleanup(self.server.wait, PATIENCE)
        self.addCleanup(self.server.terminate)
        self.wait_for_port(self.ports[2], self.server)

    def directives(self):
        """What else the server's configuration says. Its certificate is there."""
        return ""

    def log(self):
        """The words of FACTS for each request."""
        return [line.split() for line in (self.folder / "access.log").read_text("utf-8").splitlines()]


class Peer(NginxTest):
    """Runs short scripts against a server that answers hello."""

    def setUp(self):
        super().setUp()
        self.plain, self.tls, self.h2c = self.ports

    def run_script(self, options, code, *args):
        """A passed run of one scenario of three VUs with four iterations each; the result of the process."""
        options = {"scenarios": {"s": {"executor": "per-vu-iterations", "vus": 3, "iterations": 4}},
                   "insecureSkipTLSVerify": True, "thresholds": {"checks": ["rate==1"]}, **options}
        result = self.lockstep("run", "-q", *args, self.script(f"""
            import http from 'k6/http';
            import ws from 'k6/ws';
            import {{ check }} from 'k6';
            export const options = {json.dumps(options)};
            const PLAIN = 'http://127.0.0.1:{self.plain}', TLS = 'https://127.0.0.1:{self.tls}';
            const H2C = 'http://127.0.0.1:{self.h2c}';
            export default function () {{
              {code}
              check(null, {{ 'got here': () => true }});
            }}
        """))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result
