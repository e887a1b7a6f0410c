"""What a server sees of the requests of scripts that `lockstep new` makes."""
import http.server
import json
import threading
import unittest

from tests.integration.support import LockstepTest


class Seen(http.server.ThreadingHTTPServer):
    """Keeps what it was asked, and answers 200."""

    def __init__(self):
        self.requests = []
        super().__init__(("127.0.0.1", 0), Answer)
        self.host = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *args):
        pass


class Sent(LockstepTest):
    def setUp(self):
        super().setUp()
        self.server = Seen()
        self.addCleanup(self.server.stop)

    def sent_by(self, flag, source, code=0):
        """The requests of a script made of `source`, a text or what is JSON, and what its making said."""
        self.server.requests.clear()
        if flag != "--from-curl":
            (self.folder / "source").write_text(source if isinstance(source, str) else json.dumps(source), "utf-8")
            source = "source"
        made = self.lockstep("new", "--force", flag, source, "made.js")
        self.assertEqual(code, made.returncode, made.stderr)
        ran = self.lockstep("run", "-q", "made.js")
        self.assertEqual(0, ran.returncode, ran.stdout + ran.stderr)
        return self.server.requests, made.stderr

    def test_lines_of_curl(self):
        form = "application/x-www-form-urlencoded"
        for options, method, headers, body, warnings in (
                ("-d 'a=b c' -d d", "POST", {"Content-Type": form}, "a=b c&d", 0),
                ("-d @x.json -H 'Content-Type: application/json'", "POST", {"Content-Type": "application/json"}, "content of the file", 1),
                ("-d ''", "POST", {"Content-Type": form, "Content-Length": "0"}, "", 0),
                ("-T x.txt", "PUT", {"Content-Type": None}, "content of the file", 1),
                ("--data-urlencode 'n=a b&'", "POST", {"Content-Type": form}, "n=a+b%26", 0),
                ("-H 'Host: foo' -H 'Accept:' -b a=1 -b c=2", "GET", {"Host": "foo", "Accept": None, "Cookie": "a=1;c=2"}, "", 0),
                ("-A '' --compressed", "GET", {"User-Agent": None, "Accept-Encoding": "deflate, gzip, br, zstd"}, "", 0),
                ("-4 --oauth2-bearer T --max-redirs 3", "GET", {"Authorization": "Bearer T"}, "", 0)):
            with self.subTest(options):
                requests, stderr = self.sent_by("--from-curl", f"curl http://{self.server.host}/ {options}")
                self.assertEqual([(method, body)], [(request[0], request[3]) for request in requests])
                self.assertEqual(headers, {name: requests[0][2].get(name) for name in headers})
                self.assertEqual(warnings, stderr.count("not converted"), stderr)

    def test_a_line_of_the_command_prompt(self):
        requests, stderr = self.sent_by("--from-curl", f'curl ^"http://{self.server.host}/?a=1^&b=^%^41^" ^\r\n  -H ^"x: 1^" ^\r\n'
                                        '  --data-raw ^"^{^\\^"a^\\^":1^}^"')
        self.assertEqual([("POST", "/?a=1&b=%41", '{"a":1}')], [(r[0], r[1], r[3]) for r in requests])
        self.assertEqual("", stderr)

    def test_multipart_forms_of_curl(self):
        requests, _ = self.sent_by("--from-curl", f"curl http://{self.server.host}/ -F 'j={{\"x\":1}};type=application/json' --form-string b=@c")
        _, _, headers, body = requests[0]
        boundary = headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
        self.assertEqual(f'--{boundary}\r\nContent-Disposition: form-data; name="j"\r\nContent-Type: application/json\r\n\r\n{{"x":1}}\r\n'
                         f'--{boundary}\r\nContent-Disposition: form-data; name="b"\r\n\r\n@c\r\n--{boundary}--\r\n', body)
        requests, _ = self.sent_by("--from-curl", f"curl http://{self.server.host}/ -F f=@a.png -F f=@b.png")
        self.assertEqual(2, requests[0][3].count('name="f"; filename='))

    def test_forms_of_recordings(self):
        for text in ("a=b%20c&d=e%26f", "a=b+c&d=e%26f"):
            post = {"mimeType": "application/x-www-form-urlencoded", "text": text, "params": [
                {"name": "a", "value": "b%20c"}, {"name": "d", "value": "e%26f"}]}
            requests, _ = self.sent_by("--from-har", {"log": {"entries": [{
                "request": {"method": "POST", "url": f"http://{self.server.host}/", "postData": post}, "response": {"status": 200}}]}})
            self.assertEqual(text, requests[0][3])
            self.assertEqual("application/x-www-form-urlencoded", requests[0][2]["Content-Type"])

    def test_variables_of_postman(self):
        requests, stderr = self.sent_by("--from-postman", {
            "info": {"name": "c"},
            "variable": [{"key": "base", "value": "{{proto}}://{{host}}"}, {"key": "proto", "value": "http"},
                         {"key": "host", "value": self.server.host}],
            "item": [{"name": "a", "request": "{{base}}/a"}, {"name": "b", "request": "{{host}}/b"},
                     {"name": "q", "request": {"method": "POST", "url": "{{base}}/q", "body": {"mode": "graphql", "graphql": {
                         "query": "{a}", "variables": '{"id": 1}'}}}}]})
        self.assertEqual(["/a", "/b", "/q"], [request[1] for request in requests])
        self.assertEqual({"query": "{a}", "variables": {"id": 1}}, json.loads(requests[2][3]))
        self.assertEqual("", stderr)

    def test_parameters_of_apis(self):
        requests, stderr = self.sent_by("--from-openapi", f"""
openapi: 3.0.3
servers: [ {{ url: 'http://{self.server.host}' }} ]
security: [ {{ key: [] }} ]
components: {{ securitySchemes: {{ key: {{ type: apiKey, in: query, name: key }} }} }}
paths:
  /a/{{b}}:
    get:
      parameters:
        - {{ name: q, in: query, required: true, example: [a, c] }}
        - {{ name: f, in: query, required: true, style: deepObject, example: {{ n: 1 }} }}
""")
        self.assertEqual("/a/1?f[n]=1&q=a&q=c&key=", requests[0][1])
        self.assertEqual(1, stderr.count("not converted"), stderr)

    def test_forms_of_swagger(self):
        for consumes, kind in (("multipart/form-data", "multipart/form-data; boundary="),
                               ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded")):
            requests, stderr = self.sent_by("--from-openapi", {
                "swagger": "2.0", "host": self.server.host, "schemes": ["http"], "paths": {"/": {"post": {
                    "consumes": [consumes], "parameters": [{"in": "formData", "name": "x", "type": "string"}] + (
                        [{"in": "formData", "name": "f", "type": "file"}] if "multipart" in consumes else [])}}}})
            self.assertTrue(requests[0][2]["Content-Type"].startswith(kind), requests[0])
            self.assertIn("string", requests[0][3])
            self.assertEqual("multipart" in consumes, "the content of the file f" in stderr)


if __name__ == "__main__":
    unittest.main()
