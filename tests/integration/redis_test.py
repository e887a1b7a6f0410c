"""k6/x/redis against real servers: alone, with a password, over TLS, as a cluster and behind a sentinel."""
import json
import subprocess
import unittest

from tests.integration.support import PATIENCE, ROOT, LockstepTest, free_port, wait_until

REDIS = ROOT / "build/deps/peers/usr/bin/redis-server"

# Each line is what a call gives, as JSON, or what it throws.
CALLS = """
    const show = async (call) => { try { return await call(); } catch (e) { return `${e.name}: ${e.message}`; } };
    export default async function () {
      const results = [];
      for (const call of calls) results.push(await show(call));
      console.log('@' + JSON.stringify(results));
    }
"""


class RedisTest(LockstepTest):
    def setUp(self):
        super().setUp()
        if not REDIS.exists():
            self.fail(f"{REDIS} is not there: run scripts/setup --tests")

    def redis(self, *args):
        port = free_port()
        process = subprocess.Popen([REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                    "--dir", self.folder, *args], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        self.wait_for_port(port, process)
        return port

    def results(self, script, **environment):
        flags = [flag for name, value in environment.items() for flag in ("-e", f"{name}={value}")]
        result = self.lockstep("run", "-q", "--log-format", "json", *flags, self.script(script))
        self.assertEqual(0, result.returncode, result.stderr)
        lines = [json.loads(line)["msg"] for line in result.stderr.splitlines() if line.startswith("{")]
        return json.loads(next(line for line in lines if line.startswith("@"))[1:])

    def calls(self, options, calls, **environment):
        return self.results("import redis from 'k6/x/redis'; const c = new redis.Client(" + options + "); const calls = [" +
                            ", ".join(f"() => {call}" for call in calls) + "];" + CALLS, **environment)

    def expect(self, rows, options, **environment):
        got = self.calls(options, [call for call, _ in rows], **environment)
        for (call, expected), value in zip(rows, got):
            with self.subTest(call):
                self.assertEqual(expected, value)


class Alone(RedisTest):
    def test_all_methods(self):
        wrong = "Error: WRONGTYPE Operation against a key holding the wrong kind of value"
        self.expect([
            ("c.set('k', 'v', 0)", "OK"), ("c.get('k')", "v"), ("c.set('n', 5)", "OK"), ("c.set('b', true)", "OK"),
            ("c.get('b')", "1"), ("c.get('none')", "Error: redis: nil"), ("c.set('t', 'v', 60)", "OK"), ("c.ttl('t')", 60),
            ("c.ttl('k')", -1), ("c.getSet('k', 'w')", "v"), ("c.exists('k', 'n', 'none')", 2), ("c.exists(['k', 'n'])", 2),
            ("c.incr('n')", 6), ("c.incrBy('n', 4)", 10), ("c.decr('n')", 9), ("c.decrBy('n', 9)", 0),
            ("c.incr('k')", "Error: ERR value is not an integer or out of range"), ("c.mget('k', 'none')", ["w", None]),
            ("c.expire('k', 100)", True), ("c.expire('none', 100)", False), ("c.persist('k')", True), ("c.persist('k')", False),
            ("c.getDel('k')", "w"), ("c.getDel('k')", "Error: redis: nil"), ("c.del('n', 'b', 't')", 3),
            ("c.randomKey()", "Error: redis: nil"),
            ("c.rpush('l', 'b', 'c')", 2), ("c.lpush('l', 'a')", 3), ("c.lrange('l', 0, -1)", ["a", "b", "c"]),
            ("c.lindex('l', 1)", "b"), ("c.lset('l', 1, 'x')", "OK"), ("c.lrem('l', 0, 'x')", 1), ("c.llen('l')", 2),
            ("c.lpop('l')", "a"), ("c.rpop('l')", "c"), ("c.lpop('l')", "Error: redis: nil"),
            ("c.hset('h', 'f', 'v')", 1), ("c.hsetnx('h', 'f', 'w')", False), ("c.hsetnx('h', 'g', 1.5)", True),
            ("c.hget('h', 'f')", "v"), ("c.hgetall('h')", {"f": "v", "g": "1.5"}), ("c.hkeys('h')", ["f", "g"]),
            ("c.hvals('h')", ["v", "1.5"]), ("c.hlen('h')", 2), ("c.hincrby('h', 'i', 3)", 3), ("c.hdel('h', 'f', 'g')", 2),
            ("c.sadd('s', 'a', 'b')", 2), ("c.sismember('s', 'a')", True), ("c.sismember('s', 'z')", False),
            ("c.srem('s', 'b')", 1), ("c.smembers('s')", ["a"]), ("c.srandmember('s')", "a"), ("c.spop('s')", "a"),
            ("c.spop('s')", "Error: redis: nil"), ("c.randomKey()", "h"), ("c.get('h')", wrong), ("c.lpush('h', 'x')", wrong),
            ("c.sendCommand('SET', 'y', 'ü')", "OK"), ("c.sendCommand('GET', 'y')", "ü"),
            ("c.sendCommand('NONE')", "Error: ERR unknown command 'NONE', with args beginning with: "),
            ("c.sendCommand('ECHO', 'x'.repeat(1000000)).then((t) => t.length)", 1000000),
        ], "`redis://127.0.0.1:${__ENV.P}/3`", P=self.redis())

    def test_many_commands_of_many_vus_in_one_agent(self):
        port = self.redis()
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"P={port}", self.script("""
            import redis from 'k6/x/redis';
            const client = new redis.Client(`redis://127.0.0.1:${__ENV.P}`);
            export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 100, iterations: 2000 } } };
            export default async function () {
              await Promise.all([1, 2, 3, 4, 5].map(() => client.incr('count')));
            }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual([10000], self.calls("`redis://127.0.0.1:${__ENV.P}`", ["c.incrBy('count', 0)"], P=port))
        sent = json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]["data_sent"]["count"]
        self.assertEqual(10000 * len("*2\r\n$4\r\nINCR\r\n$5\r\ncount\r\n"), sent)

    def test_passwords(self):
        port = self.redis("--requirepass", "secret")
        url = "`redis://%s127.0.0.1:${__ENV.P}`"
        self.assertEqual(["OK"], self.calls(url % ":secret@", ["c.set('k', 1)"], P=port))
        self.assertEqual(["Error: NOAUTH Authentication required."], self.calls(url % "", ["c.get('k')"], P=port))
        wrong = self.calls(url % ":wrong@", ["c.get('k')"], P=port)
        self.assertEqual(["Error: WRONGPASS invalid username-password pair or user is disabled."], wrong)

    def test_error_replies_of_a_server_that_serves_are_the_scripts_to_judge(self):
        def run(call, port, uncaught=""):
            return self.lockstep("run", "-q", "-e", f"P={port}", self.script(f"""
                import redis from 'k6/x/redis';
                const c = new redis.Client(`redis://127.0.0.1:${{__ENV.P}}`);
                export default async function () {{ try {{ await {call} }} catch (e) {{ {uncaught} }} }}"""))
        port = self.redis()
        for call in ("c.get('k')", "c.sendCommand('EVALSHA', 'a'.repeat(40), 0)", "c.lpush('k', 1).then(() => c.get('k'))",
                     "c.sendCommand('LPUSH', 'k')"):
            with self.subTest(call):
                self.assertIn("DONE     1 iteration", run(call, port).stdout)
        self.assertIn("ERRORS   1 script exception", run("c.sendCommand('LPUSH', 'k')", port, uncaught="throw e").stdout)
        closed = self.redis("--requirepass", "secret")
        refused = run("c.get('k')", closed).stdout
        self.assertIn("ERRORS   1 other failure", refused)
        self.assertRegex(refused, rf"1 x NOAUTH Authentication required.* REDIS +127\.0\.0\.1:{closed}")

    def test_a_server_that_ends_in_the_middle(self):
        port = self.redis()
        got = self.calls("`redis://127.0.0.1:${__ENV.P}`",
                         ["c.set('k', 'v')", "c.sendCommand('SHUTDOWN', 'NOSAVE')", "c.get('k')"], P=port)
        self.assertEqual(["OK", "Error: EOF", f"Error: dial tcp 127.0.0.1:{port}: connect: connection refused"], got)

    def test_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        secure = free_port()
        process = subprocess.Popen([REDIS, "--port", "0", "--tls-port", str(secure), "--tls-cert-file", "cert.pem",
                                    "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        self.wait_for_port(secure, process)
        own = "{ socket: { host: '127.0.0.1', port: %d, tls: { ca: [open('cert.pem')], cert: open('cert.pem'), key: open('key.pem') } } }"
        self.assertEqual(["OK"], self.calls(own % secure, ["c.set('k', 1)"]))
        stranger = self.calls("'rediss://127.0.0.1:%d'" % secure, ["c.get('k')"])
        self.assertIn("tls: failed to verify certificate: x509: ", stranger[0])


class Many(RedisTest):
    def cli(self, port, *args):
        return subprocess.run([REDIS.parent / "redis-cli", "-p", str(port), *args], capture_output=True, text=True,
                              timeout=PATIENCE, check=True).stdout

    def test_a_cluster(self):
        ports = [self.redis("--cluster-enabled", "yes", "--cluster-config-file", f"nodes{i}.conf",
                            "--cluster-port", str(free_port())) for i in range(3)]
        self.cli(ports[0], "--cluster", "create", *[f"127.0.0.1:{port}" for port in ports], "--cluster-yes")
        wait_until(lambda: all("cluster_state:ok" in self.cli(port, "cluster", "info") for port in ports),
                   "the cluster has formed")
        options = "{ cluster: { nodes: [`redis://127.0.0.1:${__ENV.P}`] } }"
        keys = [f"key{i}" for i in range(50)]
        wrote = self.calls(options, [f"c.set('{key}', '{key}')" for key in keys], P=ports[0])
        self.assertEqual(["OK"] * 50, wrote)
        self.assertEqual(keys, self.calls(options, [f"c.get('{key}')" for key in keys], P=ports[1]))
        counts = [int(self.cli(port, "dbsize")) for port in ports]
        self.assertEqual(50, sum(counts))
        self.assertTrue(all(counts), counts)
        together = ["c.set('{t}a', 1)", "c.set('{t}b', 1)", "c.del('{t}a', '{t}b')"]
        self.assertEqual(["OK", "OK", 2], self.calls(options, together, P=ports[0]))
        across = self.calls(options, ["c.mget('key1', 'key2', 'key3')"], P=ports[0])
        self.assertIn("CROSSSLOT", across[0])

    def test_a_master_behind_a_sentinel(self):
        master, port = self.redis(), free_port()
        config = self.folder / "sentinel.conf"
        config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master} 1\n", "utf-8")
        process = subprocess.Popen([REDIS, config, "--sentinel"], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        self.wait_for_port(port, process)
        options = "{ socket: { host: '127.0.0.1', port: Number(__ENV.P) }, masterName: '%s' }"
        self.assertEqual(["OK"], self.calls(options % "main", ["c.set('k', 'v')"], P=port))
        self.assertEqual("v\n", self.cli(master, "get", "k"))
        self.assertEqual(["Error: redis: the sentinels know no master \"other\""],
                         self.calls(options % "other", ["c.get('k')"], P=port))


if __name__ == "__main__":
    unittest.main()
