"""Scripts that `lockstep new` makes: each of them runs as it is."""
import json
import re
import shlex
import unittest

from tests.integration.support import LockstepTest


class New(LockstepTest):
    def make(self, *args, code=0):
        result = self.lockstep("new", *args)
        self.assertEqual(code, result.returncode, result.stderr)
        return result

    def run_made(self, *args, name="script.js"):
        """What it asked the server for, once its checks have passed."""
        server = self.serve()
        result = self.lockstep("run", "-q", "-e", f"BASE_URL={server.url}", "--summary-export", "out.json", *args, name)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        metrics = json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]
        self.assertEqual(0, metrics["checks"]["fails"], result.stdout)
        self.assertEqual(server.count(), metrics["http_reqs"]["count"])
        return metrics

    def write(self, name, content):
        (self.folder / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return name


class Templates(New):
    def test_each_runs(self):
        self.assertIn("made script.js: the template minimal; run it with: lockstep run script.js", self.make().stdout)
        self.assertGreater(self.run_made("-d", "1s")["iterations"]["count"], 0)
        self.make("--template", "full", "full.js")
        metrics = self.run_made("-e", "DURATION=2s", name="full.js")
        self.assertGreater(metrics["orders"]["count"], 0)

    def test_a_file_that_is_there_is_kept_unless_forced(self):
        self.write("script.js", "mine")
        result = self.make(code=255)
        self.assertIn('the file \\"script.js\\" is there already; --force replaces it', result.stderr)
        self.assertEqual("mine", (self.folder / "script.js").read_text("utf-8"))
        self.make("--force")
        self.assertIn("k6/http", (self.folder / "script.js").read_text("utf-8"))

    def test_a_dash_prints_it(self):
        self.assertIn("export default function", self.make("-").stdout)
        self.assertFalse((self.folder / "script.js").exists())


    def test_the_line_that_runs_it_can_be_typed(self):
        (self.folder / "sp ace").mkdir()
        for name, typed in (("sp ace/it's.js", "'sp ace/it'\\''s.js'"), ("-x.js", "./-x.js")):
            self.assertTrue(self.make("--", name).stdout.endswith(f"run it with: lockstep run {typed}\n"))
            self.assertEqual(["lockstep", "run", name.replace("-x", "./-x")], shlex.split(f"lockstep run {typed}"))


class Converted(New):
    def test_a_recording_of_a_browser(self):
        def entry(method, path, status, page="p1", **more):
            post = {"postData": more["post"]} if "post" in more else {}
            return {"pageref": page, "request": {"method": method, "url": "https://shop.test" + path, **post,
                                                 "headers": more.get("headers", [])}, "response": {"status": status}}
        self.write("a.har", {"log": {"version": "1.2", "pages": [{"id": "p1", "title": "It's `here` ${x}"}], "entries": [
            entry("GET", "/?q='`${x}\\", 200),
            entry("GET", "/redirect/1", 302),
            entry("GET", "/status/404", 404),
            entry("POST", "/echo", 200, "p2", headers=[{"name": "Content-Type", "value": "application/json"}],
                  post={"mimeType": "application/json", "text": '{"a": ["it\'s", 1]}'}),
            entry("POST", "/echo", 200, "p2", post={"mimeType": "application/x-www-form-urlencoded", "params": [
                {"name": "a", "value": "1"}, {"name": "a", "value": "&"}]}),
            {"request": {"method": "GET", "url": "wss://shop.test/live"}},
        ]}})
        result = self.make("--from-har", "a.har")
        self.assertIn("made script.js: 5 requests in 2 groups", result.stdout)
        self.assertIn("not converted: entry 6: wss://shop.test/live is a WebSocket", result.stderr)
        script = (self.folder / "script.js").read_text("utf-8")
        self.assertIn("// - entry 6: wss://shop.test/live is a WebSocket", script)
        metrics = self.run_made()
        self.assertEqual(5, metrics["http_reqs"]["count"])
        self.assertEqual(5, metrics["checks"]["passes"])

    def test_descriptions_of_apis_as_json_and_yaml(self):
        self.write("api.yaml", """
openapi: 3.0.3
info: { title: Test }
servers: [ { url: 'https://api.test' } ]
paths:
  /status/{code}:
    get:
      parameters: [ { name: code, in: path, required: true, schema: { type: integer, example: 204 } } ]
      responses: { 204: { description: nothing } }
  /echo:
    post:
      requestBody: { content: { application/json: { schema: { type: object, properties: { "it's": { type: string } } } } } }
      responses: { 200: { description: fine } }
""")
        self.make("--from-openapi", "api.yaml")
        self.assertEqual(2, self.run_made()["checks"]["passes"])
        self.write("api.json", {"swagger": "2.0", "host": "api.test", "paths": {"/": {"get": {"responses": {"200": {}}}}}})
        self.make("--from-openapi", "api.json", "--force")
        self.assertEqual(1, self.run_made()["checks"]["passes"])

    def test_a_postman_collection(self):
        self.write("c.json", {"info": {"name": "c"}, "variable": [{"key": "code", "value": "201"}], "item": [
            {"name": "folder", "item": [
                {"name": "status", "request": {"method": "GET", "url": "http://api.test/status/{{code}}"},
                 "event": [{"listen": "test", "script": {"exec": ["pm.response.to.have.status(201)"]}}]},
                {"name": "upload", "request": {"method": "POST", "url": "http://api.test/echo", "body": {
                    "mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": "a.png"}]}}}]}]})
        result = self.make("--from-postman", "c.json")
        self.assertIn("not converted: upload: the content of a.png", result.stderr)
        self.assertEqual(2, self.run_made()["checks"]["passes"])

    def test_a_command_line_of_curl(self):
        self.make("--from-curl", "curl -X PUT 'http://api.test/echo' -H 'X-A: it'\\''s' --json '{\"a\":1}'")
        self.assertEqual(1, self.run_made()["checks"]["passes"])

    def test_bad_files_are_told_with_their_place(self):
        self.write("bad.har", '{"log":\n  {]}}')
        self.write("bad.yaml", "openapi: 3.0.0\npaths: [1, 2\n")
        self.write("other.json", "{}")
        for args, text in ((["--from-har", "absent.har"], '--from-har: cannot read the file "absent.har": '),
                           (["--from-har", "bad.har"], "--from-har: bad.har: line 2, column 4: unexpected ']'"),
                           (["--from-openapi", "bad.yaml"], "--from-openapi: bad.yaml: line 3, column "),
                           (["--from-postman", "other.json"], "--from-postman: other.json: not a Postman collection"),
                           (["--from-curl", "wget x"], "--from-curl: not a curl command line"),
                           (["--template", "fll"], '--template: invalid value "fll"; did you mean "full"?')):
            result = self.make(*args, code=255)
            self.assertIn(text, re.sub(r"\\(.)", r"\1", result.stderr))
            self.assertFalse((self.folder / "script.js").exists())


if __name__ == "__main__":
    unittest.main()
