"""Scripts that know no better, or mean harm: whatever they hand to the API, the agent lives and the run goes on."""
import unittest

from tests.integration.support import LockstepTest

# Each function of each object of the API is called on every other object, with arguments of all kinds.
FOREIGN = """
import http from 'k6/http'; import crypto from 'k6/crypto'; import * as metrics from 'k6/metrics'; import { parseHTML } from 'k6/html';
import { SharedArray } from 'k6/data'; import fs from 'k6/experimental/fs'; import csv from 'k6/experimental/csv';
import grpc from 'k6/net/grpc'; import data from 'lockstep/data'; import { ReadableStream } from 'k6/experimental/streams';
const shared = new SharedArray('a', () => [1, 2]), counter = new metrics.Counter('c1'), trend = new metrics.Trend('t1');
const file = await fs.open('some.csv'), client = new grpc.Client(), rows = await csv.parse(file);
export default async function () {
  const pair = { name: 'ECDSA', namedCurve: 'P-256' }, block = { name: 'AES-GCM', length: 128 };
  const things = { response: http.get('http://127.0.0.1:1/'), hasher: crypto.createHash('md5'), statuses: http.expectedStatuses(200),
    counter, trend, selection: parseHTML('<p>x'), element: parseHTML('<p>x').find('p').get(0), jar: http.cookieJar(), shared, file, rows,
    own: new http.CookieJar(), client, decoder: new TextDecoder(), encoder: new TextEncoder(), url: new URL('http://a/b'),
    stream: new ReadableStream(), bytes: new Uint8Array(4), plain: {}, nothing: undefined, number: 5, text: 'x', fn() {},
    pair: await globalThis.crypto.subtle.generateKey(pair, true, ['sign', 'verify']), headers: new Headers(),
    block: await globalThis.crypto.subtle.generateKey(block, true, ['encrypt', 'decrypt']), part: http.file('x'), named: http.url`a${1}` };
  const methods = new Set();
  for (const thing of [...Object.values(things), crypto, grpc, fs, csv, data, globalThis.crypto.subtle]) {
    for (let one = thing; one instanceof Object && one !== Object.prototype && one !== Function.prototype; one = Object.getPrototypeOf(one)) {
      for (const key of Reflect.ownKeys(one)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(one, key);
        for (const f of [value, get, set]) if (typeof f === 'function') methods.add(f);
      }
    }
  }
  let calls = 0;
  for (const method of methods) {
    for (const thing of Object.values(things)) {
      for (const args of [[], [thing], [undefined, null], ['x', 1, {}]]) {
        calls++;
        try {
          const result = method.apply(thing, args);
          if (result && typeof result.then === 'function') result.then(() => {}, () => {});
        } catch { /* as it should */ }
      }
    }
  }
  console.log(`survived ${calls > 10000}`);
}
"""


class BadInput(LockstepTest):
    def run_script(self, text):
        result = self.lockstep("run", "-q", "--log-format=raw", self.script(text))
        self.assertNotIn("was lost", result.stderr)
        self.assertEqual(0, result.returncode, result.stderr)
        return result

    def test_methods_called_on_foreign_objects_are_exceptions(self):
        (self.folder / "some.csv").write_text("a,b\n1,2\n", "utf-8")
        self.assertIn("survived true", self.run_script(FOREIGN).stderr)

    def test_tags_of_any_size_and_number_are_counted(self):
        result = self.run_script("""
            import http from 'k6/http';
            import { group, check } from 'k6';
            import { Counter } from 'k6/metrics';
            const counter = new Counter('counter');
            const page = 'x'.repeat(3e5);
            export const options = { thresholds: { counter: ['count==3'], http_reqs: ['count==2'], checks: ['rate==1'] } };
            export default function () {
              counter.add(1, { page });
              counter.add(1, { [page]: 'key' });
              counter.add(1, Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'v'])));
              http.get(`http://127.0.0.1:1/${page}`);
              http.get('http://127.0.0.1:1/', { tags: { name: page } });
              group(page, () => check(1, { [page]: () => true }));
            }""")
        self.assertIn("too large", result.stderr)

    def test_a_then_that_throws_or_aborts_ends_no_agent(self):
        """Resolving a promise reads `then` of its value, which may be the script's own code."""
        for code, what in ((0, "throw new Error('no');"), (108, "exec.test.abort('enough');")):
            for body in ("null", "new Map()"):  # which no request can have
                with self.subTest(what, body=body):
                    result = self.lockstep("run", "-q", self.script(f"""
                        import http from 'k6/http';
                        import exec from 'k6/execution';
                        export default async function () {{
                          Object.defineProperty(Object.prototype, 'then', {{ get() {{ {what} }}, configurable: true }});
                          try {{ await http.asyncRequest('POST', 'http://127.0.0.1:1/', {body}); }} catch {{ /* as it should */ }}
                        }}"""))
                    self.assertNotIn("was lost", result.stderr)
                    self.assertEqual(code, result.returncode, result.stderr)

    def test_redirects_may_be_any_number(self):
        self.run_script("""
            import http from 'k6/http';
            export const options = { thresholds: { http_reqs: ['count==2'] } };
            export default function () {
              for (const redirects of [1e300, -1e300]) http.get('http://127.0.0.1:1/', { redirects });
            }""")

    def test_what_is_no_data_is_refused(self):
        result = self.run_script("""
            import crypto from 'k6/crypto';
            const why = (f) => { try { return `ok ${f()}`; } catch (e) { return `${e.name}: ${e.message}`; } };
            export default async function () {
              console.log(why(() => crypto.md5(new Uint16Array(1), 'hex')));
              console.log(why(() => crypto.sha1(undefined, 'hex')));
              const jwk = { kty: 'RSA', n: '', e: '' };
              console.log(await globalThis.crypto.subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify']).catch((e) => e.name));
            }""")
        for text in ("TypeError: invalid type []uint16, expected string, []byte or ArrayBuffer",
                     "TypeError: invalid type <nil>, expected string", "DataError"):
            self.assertIn(text, result.stderr)


if __name__ == "__main__":
    unittest.main()
