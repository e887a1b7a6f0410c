"""Modules from a server with an authority of its own, archives, source maps, TypeScript from standard input."""
import http.server
import io
import json
import os
import re
import ssl
import subprocess
import tarfile
import threading
import unittest

from tests.integration.support import BIN, LockstepTest, PATIENCE

FILES = {
    "/lib/1.0.0/index.js": "import { two } from './two.js';\nexport const sum = (n) => n + two;\n",
    "/lib/1.0.0/two.js": "export const two = 2;\n",
    "/page.js": "<!DOCTYPE html><title>Sign in</title>",
}


class ModuleServer(http.server.ThreadingHTTPServer):
    """HTTPS on a port of its own, with a certificate that nobody knows; counts what it is asked for."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked = []
        self.files = dict(FILES)
        self.certificate = folder / "ca.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", folder / "key.pem", "-out", self.certificate, "-days", "2", "-subj", "/CN=modules",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # clients that do not trust it


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/latest.js":
            return self.answer(302, b"", {"Location": "/lib/1.0.0/index.js"})
        text = self.server.files.get(self.path)
        if text is None:
            return self.answer(404, b"nothing here", {})
        tag = f'"{hash(text)}"'
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, b"", {"ETag": tag})
        return self.answer(200, text.encode(), {"ETag": tag})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class WithServer(LockstepTest):
    def setUp(self):
        super().setUp()
        self.server = ModuleServer(self.folder)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.env["SSL_CERT_FILE"] = str(self.server.certificate)
        self.env["XDG_CACHE_HOME"] = str(self.folder / "cache")

    def import_script(self, path="/lib/1.0.0/index.js"):
        return self.script(f"import {{ sum }} from '{self.server.url}{path}';\n"
                           "export default function () { console.log('sum', sum(1)); }\n")

    def run_ok(self, *args):
        result = self.lockstep("run", "-q", "--log-format=raw", *args)
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stderr


class Imports(WithServer):
    def test_a_fleet_fetches_each_module_once(self):
        said = self.run_ok("--agents", "3", "--vus", "3", "--iterations", "3", self.import_script())
        self.assertEqual(3, said.count("sum 3"))
        self.assertEqual(["/lib/1.0.0/index.js", "/lib/1.0.0/two.js"], sorted(self.server.asked))

    def test_a_module_that_is_kept_is_only_asked_about(self):
        self.run_ok(self.import_script())
        self.server.asked.clear()
        self.assertIn("sum 3", self.run_ok(self.import_script()))
        self.assertEqual(2, len(self.server.asked))
        self.assertEqual(2, len(list((self.folder / "cache/lockstep/modules").iterdir())))
        self.server.files["/lib/1.0.0/two.js"] = "export const two = 20;\n"
        self.assertIn("sum 21", self.run_ok(self.import_script()))

    def test_no_cache_keeps_nothing(self):
        self.run_ok("--module-cache=none", self.import_script())
        self.assertFalse((self.folder / "cache").exists())

    def test_errors_name_the_url_and_the_importer(self):
        url = self.server.url
        for path, reason in (("/gone.js", "the server answers 404 (not found)"), ("/page.js", "the server has sent a page")):
            script = self.import_script(path)
            result = self.lockstep("run", "-q", "--log-format=raw", script)
            self.assertEqual(107, result.returncode, result.stderr)
            self.assertIn(f"cannot load {url}{path}, which file://{script} imports: {reason}", result.stderr)
        self.server.files["/lib/1.0.0/index.js"] = "import './gone.js';\n"
        self.assertIn(f"cannot load {url}/lib/1.0.0/gone.js, which {url}/lib/1.0.0/index.js imports: ",
                      self.lockstep("run", "-q", "--log-format=raw", self.import_script()).stderr)

    def test_an_unknown_authority_is_no_surprise(self):
        del self.env["SSL_CERT_FILE"]
        result = self.lockstep("run", "-q", self.import_script())
        self.assertEqual(107, result.returncode)
        self.assertIn("SSL_CERT_FILE can name the authorities to trust", result.stderr)

    def test_a_redirect_is_followed_and_paths_start_at_what_was_asked_for(self):
        result = self.lockstep("run", "-q", "--log-format=raw", self.import_script("/latest.js"))
        self.assertIn(f"cannot load {self.server.url}/two.js, which {self.server.url}/latest.js imports", result.stderr)

    def test_the_lock_file_holds_modules_fast(self):
        script = self.import_script()
        refused = self.lockstep("run", "-q", "--locked", script)
        self.assertEqual(104, refused.returncode)
        self.assertIn("--locked: there is no lockstep.lock in the working directory", refused.stderr)
        self.run_ok("--update-lock", script)
        lock = (self.folder / "lockstep.lock").read_text("utf-8")
        self.assertIn(f"{self.server.url}/lib/1.0.0/two.js sha256:", lock)
        self.assertIn("sum 3", self.run_ok("--locked", "--module-cache=none", script))
        self.server.files["/lib/1.0.0/two.js"] = "export const two = 20;\n"
        # The copy on the disk is what the lock file says.
        self.assertIn("sum 3", self.run_ok("--locked", script))
        refused = self.lockstep("run", "-q", "--locked", "--module-cache=none", script)
        self.assertEqual(107, refused.returncode)
        self.assertIn("it has changed: lockstep.lock says sha256:", refused.stderr)
        said = self.run_ok("--module-cache=none", script)
        self.assertIn("--locked refuses this, --update-lock accepts it", said)
        self.assertIn("sum 21", said)


class Archives(WithServer):
    SCRIPT = """
        import {{ sum }} from '{url}/lib/1.0.0/index.js';
        import {{ name }} from './lib/name.ts';
        const text = open('./data.txt');
        export const options = {{ iterations: 2, vus: 1, tags: {{ from: 'script' }} }};
        export default function () {{
          console.log(['ran', sum(1), name, text, __ENV.FROM, __ENV.HOME ? 'home' : 'homeless'].join());
        }}
    """

    def setUp(self):
        super().setUp()
        (self.folder / "lib").mkdir()
        (self.folder / "lib/name.ts").write_text("export const name: string = 'ts';\n", "utf-8")
        (self.folder / "data.txt").write_text("été", "utf-8")

    def archive(self, *args):
        result = self.lockstep("archive", "-O", "x.tar", *args, self.script(self.SCRIPT.format(url=self.server.url)))
        self.assertEqual(0, result.returncode, result.stderr)

    def forget(self):
        """Leaves nothing of the test but its archive."""
        self.server.files.clear()
        for path in ("script.js", "lib/name.ts", "data.txt"):
            (self.folder / path).unlink()

    def test_an_archive_is_the_whole_test(self):
        self.archive("-e", "FROM=archive", "--tag", "more=flag")
        with tarfile.open(self.folder / "x.tar") as tar:
            names = tar.getnames()
            metadata = json.load(tar.extractfile("metadata.json"))
        self.assertEqual(["metadata.json", "data"], names[:2])
        self.assertIn(f"https/{self.server.url.removeprefix('https://')}/lib/1.0.0/two.js", names)
        self.assertTrue(any(name.startswith("file/") and name.endswith("/lib/name.ts") for name in names), names)
        self.assertEqual("js", metadata["type"])
        self.assertEqual({"FROM": "archive"}, metadata["env"])
        self.assertTrue(metadata["filename"].endswith("/script.js"))
        self.assertEqual({"more": "flag"}, metadata["options"]["tags"])
        self.forget()
        self.assertEqual(2, self.run_ok("--module-cache=none", "--agents", "2", "--vus", "2", "x.tar").count("ran,3,ts,été,archive,home"))
        self.assertEqual(2, self.run_ok("-e", "FROM=run", "--include-system-env-vars=false", "x.tar").count("ran,3,ts,été,run,homeless"))
        with open(self.folder / "x.tar", "rb") as tar:
            result = subprocess.run([BIN / "lockstep", "run", "-q", "--log-format=raw", "-"], stdin=tar, capture_output=True,
                                    text=True, timeout=PATIENCE, cwd=self.folder, env=self.env)
        self.assertIn("ran,3,ts,été,archive,home", result.stderr)
        self.assertEqual({"more": "flag"}, json.loads(self.lockstep("inspect", "x.tar").stdout)["tags"])

    def test_variables_can_be_left_out(self):
        self.archive("-e", "FROM=archive", "--exclude-env-vars")
        with tarfile.open(self.folder / "x.tar") as tar:
            self.assertEqual({}, json.load(tar.extractfile("metadata.json"))["env"])

    def test_the_compatibility_mode_base_has_no_global(self):
        (self.folder / "mode.js").write_text("const { sleep } = require('k6');\nmodule.exports.default = () => console.log("
                                             "'mode', typeof global, typeof globalThis, typeof sleep);\n", "utf-8")

        def modes(*args, **env):
            self.env = {**self.env, **env}
            result = self.lockstep("run", "-q", "--log-format=raw", *args)
            self.assertEqual(0, result.returncode, result.stderr)
            return re.findall("mode (.*)", result.stderr)
        extended, base = ["object object function"], ["undefined object function"]
        self.assertEqual(extended, modes("mode.js"))
        self.assertEqual(extended, modes("--compatibility-mode=extended", "mode.js"))
        self.assertEqual(base, modes("--compatibility-mode=base", "mode.js"))
        self.assertEqual(2 * base, modes("--compatibility-mode=base", "--agents", "2", "--vus", "2", "mode.js"))
        self.assertEqual(0, self.lockstep("archive", "--compatibility-mode=base", "-O", "mode.tar", "mode.js").returncode)
        self.assertEqual(base, modes("mode.tar"))
        self.assertEqual(extended, modes("--compatibility-mode=extended", "mode.tar"))
        self.assertEqual(base, modes("mode.js", K6_COMPATIBILITY_MODE="base"))

    def test_an_archive_is_no_way_to_other_files(self):
        (self.folder / "bundle.tar").write_bytes(foreign({"file/t/a.js": "export const a = 1;"},
                                                         f"import {{ a }} from './a.js';\nopen('{self.folder}/data.txt');\nexport default () => a;"))
        result = self.lockstep("run", "-q", "bundle.tar")
        self.assertEqual(107, result.returncode)
        self.assertIn("it is not in the test's archive", result.stderr)

    def test_an_archive_that_k6_made_runs(self):
        (self.folder / "k6.tar").write_bytes(foreign(
            {"file/t/script.js": "", "file/t/lib.js": "export const a = __ENV.A;", "https/jslib.k6.io/u/1.0.0/index.js": "export const u = 'jslib';"},
            "import { a } from './lib.js';\nimport { u } from 'https://jslib.k6.io/u/1.0.0/index.js';\n"
            "export const options = { vus: 50 };\nexport default () => console.log(a, u);\n"))
        said = self.run_ok("--include-system-env-vars=false", "k6.tar")
        self.assertEqual(3, said.count("of k6 jslib"))
        self.assertNotIn("unknown", said)

    def test_hostile_and_damaged_archives_are_errors(self):
        good = foreign({}, "export default () => {};")
        for name, content, reason in (("climbs.tar", foreign({"file/../../x": "1"}, ""), "climbs out of the archive"),
                                      ("short.tar", good[:1500], "damaged"), ("none.tar", b"export default 1", "it is not an archive")):
            (self.folder / name).write_bytes(content)
            result = self.lockstep("run", "-q", name)
            self.assertEqual(255, result.returncode)
            self.assertIn(f'the archive \\"{name}\\" cannot be read: ', result.stderr)
            self.assertIn(reason, result.stderr)

    def test_the_archive_goes_to_standard_output(self):
        tar = subprocess.run([BIN / "lockstep", "archive", "-O", "-", self.script("export default () => {};")],
                             capture_output=True, timeout=PATIENCE, cwd=self.folder, env=self.env).stdout
        self.assertEqual("data", tarfile.open(fileobj=io.BytesIO(tar)).getnames()[1])

    def test_a_script_that_does_not_load_leaves_no_archive(self):
        result = self.lockstep("archive", self.script("throw new Error('no');"))
        self.assertEqual(107, result.returncode)
        self.assertFalse((self.folder / "archive.tar").exists())


def foreign(files, data):
    """An archive as k6 lays it out: folders, too, and all options, most of them null."""
    metadata = {"type": "js",
                "options": {"paused": None, "vus": 3, "duration": None, "iterations": 3, "stages": None, "scenarios": None,
                            "setupTimeout": "1m0s", "rps": None, "dns": {"ttl": None, "select": None, "policy": None},
                            "thresholds": {"iterations": ["count==3"]}, "tlsAuth": None, "hosts": None, "blacklistIPs": None,
                            "summaryTrendStats": ["avg", "min", "med", "max", "p(90)", "p(95)"], "summaryTimeUnit": None,
                            "systemTags": ["url", "name"], "tags": None, "metricSamplesBufferSize": None, "noCookiesReset": None,
                            "discardResponseBodies": None, "consoleOutput": None, "localIPs": None, "cloud": None, "ext": None},
                "filename": "file:///t/script.js", "pwd": "file:///t", "env": {"A": "of k6"}, "compatibilityMode": "extended",
                "k6version": "2.2.0", "goos": "linux"}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in {"metadata.json": json.dumps(metadata), "data": data, "file/": None, **files}.items():
            entry = tarfile.TarInfo(name)
            if text is None:
                entry.type = tarfile.DIRTYPE
            content = (text or "").encode()
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


class Sources(LockstepTest):
    def pipe(self, text, *args):
        return subprocess.run([BIN / "lockstep", "run", "-q", "--log-format=raw", *args, "-"], input=text, capture_output=True,
                              text=True, timeout=PATIENCE, cwd=self.folder, env=self.env)

    def test_a_script_from_standard_input_is_called_minus_in_the_working_directory(self):
        (self.folder / "lib.js").write_text("export const x = 1;\n", "utf-8")
        result = self.pipe("import { x } from './lib.js';\nexport default function () {\n  throw new Error('here ' + x);\n}\n")
        self.assertIn(f"Error: here 1\n\tat default (file://{os.path.realpath(self.folder)}/-:3:9)", result.stderr)

    def test_standard_input_may_be_typescript(self):
        result = self.pipe("import http, { Response } from 'k6/http';\nenum E { A = 7 }\n"
                           "export const options: { iterations: number } = { iterations: 1 };\n"
                           "export default function (): void {\n  const r: Response | null = null;\n  console.log(E.A, r);\n"
                           "  throw new Error('typed');\n}\n")
        self.assertIn("7 null", result.stderr)
        self.assertIn("/-:7:9)", result.stderr)

    def test_a_bundle_with_a_map_names_its_sources(self):
        (self.folder / "bundle.js").write_text("export default function () { throw new Error('cart is full'); }\n"
                                               "//# sourceMappingURL=bundle.js.map\n", "utf-8")
        (self.folder / "bundle.js.map").write_text(
            '{"version":3,"sources":["src/cart.ts"],"names":[],"mappings":"AAAA,4BAME"}', "utf-8")
        result = self.lockstep("run", "-q", "--log-format=raw", "--agents", "2", "--vus", "2", "--iterations", "2", "bundle.js")
        where = f"\tat default (file://{os.path.realpath(self.folder)}/src/cart.ts:7:3)"
        self.assertEqual(2, result.stderr.count(where), result.stderr)
        (self.folder / "bundle.js.map").write_text("{", "utf-8")
        self.assertIn("Couldn't load the source map of file://", self.lockstep("run", "-q", "bundle.js").stderr)

    def test_a_file_that_is_not_there_is_missing_for_all_in_the_same_words(self):
        (self.folder / "t.js").write_text("let why;\ntry { open('./local.json'); } catch (e) { why = e.message; }\n"
                                          "export default () => console.log(`why: ${why}`);\n", "utf-8")
        result = self.lockstep("run", "-q", "--log-format=raw", "--agents", "2", "--vus", "2", "--iterations", "2", "t.js")
        self.assertEqual(2, result.stderr.count("why: open ./local.json: no such file or directory\n"), result.stderr)

    def test_typescript_imports_json_by_its_attribute(self):
        (self.folder / "x.json").write_text('{"x": 5}', "utf-8")
        (self.folder / "t.ts").write_text("import x from './x.json' with { type: 'json' };\n"
                                          "export default (): void => console.log(x.x as number);\n", "utf-8")
        self.assertIn("5\n", self.lockstep("run", "-q", "--log-format=raw", "t.ts").stderr)

    def test_other_attributes_are_named_in_one_line(self):
        for name in ("a.ts", "a.js"):
            (self.folder / name).write_text("import x from './x.bin' with {\n  type: 'bytes',\n  a: 'b'\n};\n"
                                            "export default () => x;\n", "utf-8")
            result = self.lockstep("run", "-q", "--log-format=raw", name)
            self.assertEqual(107, result.returncode)
            self.assertRegex(result.stderr, f"{name}: the import attributes {{ type: .bytes., a: .b. }} are not supported; "
                                            "{ type: 'json' } is")


class Secrets(LockstepTest):
    SCRIPT = """
        import secrets from 'k6/secrets';
        import http from 'k6/http';
        import { group } from 'k6';
        export const options = { vus: 3, iterations: 3 };
        export async function setup() { return { token: await secrets.get('cool') }; }
        export default async function (data) {
          const token = await secrets.get('cool');
          const other = await secrets.source('other').get('cool');
          console.log('got', token === data.token, token.length, other, JSON.stringify({ token }), encodeURIComponent(token));
          http.get(`${__ENV.TARGET}/request?token=${encodeURIComponent(token)}`, { tags: { mine: token } });
          const gone = await secrets.get('gone').catch((e) => e.message);
          if (__VU === 1) { console.warn(gone); throw new Error('with ' + token); }
        }
        export function handleSummary(data) { return { stdout: JSON.stringify(data), 'own.txt': data.setup_data.token }; }
    """
    SECRET = 'top "secret"'

    def test_secrets_reach_scripts_and_nothing_that_people_read(self):
        server = self.serve()
        (self.folder / "secrets.txt").write_text(f"cool={self.SECRET}\n", "utf-8")
        result = self.lockstep("run", "--agents", "3", "-e", f"TARGET={server.url}", "--secret-source=file=default,secrets.txt",
                               "--secret-source=mock=name=other,cool=another", "--summary-export=export.json",
                               "-o", "json=points.json", self.script(self.SCRIPT))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(3, server.count())
        self.assertEqual(3, result.stderr.count("got true 12 ***SECRET_REDACTED*** "), result.stderr)
        self.assertIn("Error: with ***SECRET_REDACTED***", result.stderr)
        self.assertIn('the secret \\"gone\\" of the source \\"file\\": no such key', result.stderr)
        read = result.stdout + result.stderr
        for name in ("own.txt", "export.json", "points.json"):
            text = (self.folder / name).read_text("utf-8")
            self.assertIn("***SECRET_REDACTED***", text, name)
            read += text
        for form in (self.SECRET, 'top \\"secret', "top%20%22secret", "another"):
            self.assertNotIn(form, read)

    def test_secrets_are_in_no_archive(self):
        script = self.script("import secrets from 'k6/secrets';\nconst token = await secrets.get('cool');\n"
                             "export default () => console.log(token.length, token);\n")
        made = self.lockstep("archive", "-O", "x.tar", "--secret-source=mock=cool=s3cr3t", script)
        self.assertEqual(0, made.returncode, made.stderr)
        self.assertNotIn(b"s3cr3t", (self.folder / "x.tar").read_bytes())
        result = self.lockstep("run", "-q", "--log-format=raw", "--secret-source=mock=cool=other", "x.tar")
        self.assertEqual("5 ***SECRET_REDACTED***", result.stderr.strip())

    def test_mistakes_are_told_before_the_run(self):
        for source, error in (("vault=x", "unknown type"), ("file=gone.txt", "cannot be read"), ("url=urlTemplate=http://h/", "with {key} in it")):
            result = self.lockstep("run", "-q", f"--secret-source={source}", self.script("export default () => {};"))
            self.assertEqual(255, result.returncode)
            self.assertIn("--secret-source: ", result.stderr)
            self.assertIn(error, result.stderr)

    def test_without_a_source_the_script_is_told(self):
        result = self.lockstep("run", "-q", self.script(
            "import secrets from 'k6/secrets';\nexport default async () => { await secrets.get('k'); };\n"))
        self.assertIn("no secret source is configured; --secret-source names one", result.stderr)


if __name__ == "__main__":
    unittest.main()
