"""A fleet of four agents with addresses of their own, and what happens to its counts when machines and networks fail.

For each failure: the exit code, how long it took to be noticed, and what was lost. Nothing that an agent's batches had
brought to the coordinator may be lost; the server's own count, by the agents' addresses, is the judge.
"""
import collections
import http.server
import re
import subprocess
import threading
import time
import unittest

from tests.fleet import labs
from tests.integration.support import wait_until

LEASE = 10  # seconds; the coordinator's
RATE = 40
RATE_SCRIPT = """
import http from 'k6/http';
export const options = { scenarios: { s: {
  executor: 'constant-arrival-rate', rate: %d, duration: `${__ENV.SECONDS}s`, preAllocatedVUs: 40, gracefulStop: '10s' } } };
export default function () { http.get(__ENV.TARGET); }
""" % RATE
SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { scenarios: { s: {
  executor: 'constant-vus', vus: 8, duration: `${__ENV.SECONDS}s`, gracefulStop: '10s' } } };
export default function () { http.get(__ENV.TARGET); sleep(0.1); }
"""


class CountingServer(http.server.ThreadingHTTPServer):
    """Answers everything with 200, and counts by the client's address."""

    daemon_threads = True

    def __init__(self, host):
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        super().__init__((host, 0), Answer)
        self.url = f"http://{host}:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # cut connections are what this is about

    def take_counts(self):
        with self.lock:
            counts, self.counts = self.counts, collections.Counter()
        return counts

    def count(self, address):
        with self.lock:
            return self.counts[address]


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.lock:
            self.server.counts[self.client_address[0]] += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class FleetCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.lab = labs.make_lab()
        except labs.LabError as error:
            print(f"!! SKIPPED, nothing of a fleet with failing machines was tried: {error}", flush=True)
            raise unittest.SkipTest(str(error)) from error
        cls.addClassCleanup(cls.lab.close)
        print(f"== {cls.lab.kind}: a coordinator at an address of its own, four agents, and a server that counts",
              flush=True)
        cls.server = CountingServer(cls.lab.gateway)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.script = cls.lab.file("script.js", SCRIPT)
        cls.rate_script = cls.lab.file("rate.js", RATE_SCRIPT)
        cls.hub = cls.lab.node("coordinator")
        cls.lab.make_credentials(cls.hub.address)
        cls.agents = [cls.lab.node(f"agent-{i}") for i in range(1, 5)]

    def start_agent(self, agent):
        agent.start("lockstep-agent", "--credentials", self.lab.credentials("agent"), "--coordinator",
                    f"{self.hub.address}:7411", "--name", agent.name)

    def begin(self, seconds, *flags, script=None, agents=4):
        self.server.take_counts()
        self.command = ["lockstep", "coordinator", "-q", "--credentials", self.lab.credentials("coordinator"),
                        "--listen", f"{self.hub.address}:7411", "--agents", str(agents), "-e", f"TARGET={self.server.url}",
                        "-e", f"SECONDS={seconds}", *flags, script or self.script]
        self.hub.start(*self.command)
        for agent in self.agents[:agents]:
            self.start_agent(agent)
        self.wait_for_status(lambda status: status is not None and status["elapsed_s"] > 1, "the run runs")

    def setUp(self):
        for node in (*self.agents, self.hub):
            self.addCleanup(node.end)

    def status(self):
        return labs.json_status(self.lab, f"{self.hub.address}:7411")

    def wait_for_status(self, condition, what):
        status = None

        def holds():
            nonlocal status
            status = self.status()
            return condition(status)

        def at_last():
            agents = {agent.name: agent.said()[1][-1000:] for agent in self.agents}
            return f"the coordinator: {self.hub.said()[1][-2000:]}; the agents: {agents}"

        wait_until(holds, what, labs.PATIENCE, at_last)
        return status

    def wait_for_silence(self, *agents):
        """Until the server has counted no request of these agents for three seconds. When it saw the last one."""
        last, since = None, time.monotonic()

        def silent():
            nonlocal last, since
            now = sum(self.server.count(agent.address) for agent in agents)
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > 3

        wait_until(silent, "the agents send nothing any more", LEASE + 30)
        return since

    def wait_for_elapsed(self, seconds):
        return self.wait_for_status(lambda s: s is not None and s["elapsed_s"] >= seconds, f"{seconds} s have gone by")

    def summary_count(self, metric):
        """A counter of the summary on the coordinator's standard output; None without a row of it."""
        for line in self.hub.said()[0].splitlines():
            if line.strip().startswith(f"{metric}."):
                return int(line.split(":")[1].split()[0])
        return None

    def summary_requests(self):
        count = self.summary_count("http_reqs")
        if count is None:
            self.fail(f"no summary: {self.hub.said()}")
        return count

    def dropped(self):
        """Starts that found no VU: on a busy machine all may still be on their way."""
        return self.summary_count("dropped_iterations") or 0

    def tell(self, what, **facts):
        print(f"   {what}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items()), flush=True)

    def of(self, status, agent):
        return next(a for a in status["agents"] if a["name"] == agent.name)

    def wait_for_loss(self, agent):
        status = self.wait_for_status(lambda s: s is not None and self.of(s, agent)["state"] == "lost", "it is lost")
        return int(self.of(status, agent)["load"]["http_reqs"])

    def judge_survivors(self, what, victim, acknowledged, code, **facts):
        """The summary has all that the survivors did, and all that the victim had acknowledged."""
        counts = self.server.take_counts()
        survivors = sum(counts[a.address] for a in self.agents if a is not victim)
        total = self.summary_requests()
        self.tell(what, exit_code=code, server_counted=sum(counts.values()), summary=total,
                  acknowledged_of_the_lost=acknowledged, **facts,
                  lost=f"{counts[victim.address] - acknowledged} requests that were not acknowledged")
        self.assertEqual(survivors + acknowledged, total)
        self.assertLessEqual(acknowledged, counts[victim.address])

    def judge_all(self, what, code, **facts):
        counts = self.server.take_counts()
        total = self.summary_requests()
        self.tell(what, exit_code=code, server_counted=sum(counts.values()), summary=total, **facts,
                  lost=sum(counts.values()) - total)
        self.assertEqual(sum(counts.values()), total)


class Kill(FleetCase):
    def test_a_killed_agent_fails_the_run(self):
        self.begin(30)
        self.wait_for_elapsed(5)
        killed = time.monotonic()
        self.agents[1].kill()
        code = self.hub.wait()
        noticed = time.monotonic() - killed
        errors = self.hub.said()[1]
        self.tell("kill -9, --on-agent-loss fail", exit_code=code, time_to_end=f"{noticed:.1f} s")
        self.assertEqual(255, code, errors)
        self.assertIn("agent agent-2 was lost", errors)
        self.assertLess(noticed, LEASE + 30)

    def test_a_killed_agent_is_tolerated(self):
        self.begin(20, "--on-agent-loss", "tolerate=25%")
        self.wait_for_elapsed(7)
        killed = time.monotonic()
        self.agents[1].kill()
        acknowledged = self.wait_for_loss(self.agents[1])
        noticed = time.monotonic() - killed
        code = self.hub.wait()
        self.assertIn("agent agent-2 was lost", self.hub.said()[1])
        self.assertEqual(0, code, self.hub.said()[1])
        self.judge_survivors("kill -9, tolerate=25%", self.agents[1], acknowledged, code,
                             noticed_after=f"{noticed:.1f} s")


class Network(FleetCase):
    def test_a_cut_shorter_than_the_lease_loses_nothing(self):
        self.begin(20)
        self.wait_for_elapsed(5)
        self.agents[2].cut_off_from(self.hub)
        time.sleep(LEASE / 2)  # the time itself is what is tested
        self.agents[2].reconnect()
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.judge_all(f"cut off for {LEASE / 2:.0f} s of a lease of {LEASE} s", code)

    def test_a_cut_longer_than_the_lease_loses_the_agent_and_ends_its_load(self):
        self.begin(35, "--on-agent-loss", "tolerate=25%")
        self.wait_for_elapsed(5)
        victim = self.agents[2]
        victim.cut_off_from(self.hub)
        cut = time.monotonic()
        acknowledged = self.wait_for_loss(victim)
        noticed = time.monotonic() - cut
        # Its own lease began a little later than the coordinator's.
        self.assertLess(self.wait_for_silence(victim) - cut, LEASE + 5, "it runs on unattended")
        victim.reconnect()
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.assertIn(f"agent {victim.name} was lost", self.hub.said()[1])
        self.judge_survivors("cut off for longer than the lease", victim, acknowledged, code,
                             noticed_after=f"{noticed:.1f} s")

    def test_lost_packets_lose_nothing(self):
        self.begin(15)
        for agent in self.agents:
            agent.drop_packets("0.05")
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.judge_all("5% of all packets to all agents dropped", code)


class Restart(FleetCase):
    def test_a_restarted_agent_waits_for_the_next_run(self):
        self.begin(25, "--on-agent-loss", "tolerate=25%")
        self.wait_for_elapsed(5)
        victim = self.agents[3]
        victim.kill()
        victim.wait()
        before = self.server.count(victim.address)
        self.start_agent(victim)
        acknowledged = self.wait_for_loss(victim)
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.assertEqual(before, self.server.count(victim.address), "it must not take part in a run without a plan")
        self.judge_survivors("killed and started again", victim, acknowledged, code)
        self.assertTrue(victim.alive(), victim.said()[1])
        self.hub.start("lockstep", "coordinator", "-q", "--credentials", self.lab.credentials("coordinator"),
                       "--listen", f"{self.hub.address}:7411", "--agents", "4", "-e", f"TARGET={self.server.url}", "-e", "SECONDS=3", self.script)
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.judge_all("the next run, with all four", code)


class Moving(FleetCase):
    """Work that moves: rates whose starts are those of the uncut test, whoever is there."""

    def begin_rate(self, seconds, *flags, agents=4):
        self.begin(seconds, "--on-agent-loss", "redistribute", *flags, script=self.rate_script, agents=agents)

    def test_what_a_killed_agent_has_not_begun_the_others_do(self):
        self.begin_rate(40)
        self.wait_for_elapsed(5)
        victim = self.agents[1]
        victim.kill()
        acknowledged = self.wait_for_loss(victim)
        code = self.hub.wait()
        errors = self.hub.said()[1]
        self.assertEqual(0, code, errors)
        missing = sum(int(part) for part in re.findall(r"of agent agent-2 is missing: .*?: (\d+) of \d+ iterations", errors))
        counts = self.server.counts.copy()
        survivors = sum(counts[a.address] for a in self.agents if a is not victim)
        self.judge_survivors("kill -9, redistribute", victim, acknowledged, code, missing_by_name=missing)
        self.assertEqual(RATE * 40, survivors + acknowledged + missing + self.dropped())
        self.assertLess(missing, RATE / 4 * (LEASE + 8))

    def test_an_agent_that_leaves_hands_over_and_nothing_is_missing(self):
        self.begin_rate(20)
        self.wait_for_elapsed(5)
        self.agents[2].kill("TERM")
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.assertEqual(RATE * 20, self.summary_requests() + self.dropped())
        self.judge_all("SIGTERM to an agent, redistribute", code)

    def test_agents_that_come_late_take_their_part(self):
        self.begin_rate(20, "--late-agents", "join", agents=2)
        self.wait_for_elapsed(5)
        for agent in self.agents[2:]:
            self.start_agent(agent)
        code = self.hub.wait()
        self.assertEqual(0, code, self.hub.said()[1])
        self.assertEqual(RATE * 20, self.summary_requests() + self.dropped())
        for agent in self.agents[2:]:
            self.assertGreater(self.server.count(agent.address), RATE)
        self.judge_all("two agents come after five seconds", code)


class Journal(FleetCase):
    def begin_kept(self, seconds, name, *flags):
        self.journal = self.lab.kept(name)
        self.begin(seconds, "--journal", self.journal, *flags, script=self.rate_script)

    def test_a_killed_coordinator_goes_on(self):
        self.begin_kept(60, "goes-on.db", "--on-agent-loss", "redistribute", "--late-agents", "join")
        gone = []
        left = set()
        for seconds in (4, 10, 16):
            self.wait_for_elapsed(seconds)
            killed = time.monotonic()
            self.hub.kill()
            self.hub.wait()
            self.hub.start(*self.command)
            self.wait_for_status(lambda s: s is not None and all(a["state"] == "connected" for a in s["agents"] if a["name"] not in left),
                            "all are back")
            gone.append(f"{time.monotonic() - killed:.1f} s")
            if seconds == 10:  # work moves with the coordinator that goes on, too
                self.agents[3].kill("TERM")
                left.add(self.agents[3].name)
        code = self.hub.wait()
        errors = self.hub.said()[1]
        self.assertEqual(0, code, errors)
        self.assertIn("goes on with run 1", errors)
        self.assertEqual(RATE * 60, self.summary_requests() + self.dropped())
        self.judge_all("kill -9 of the coordinator, three times, and an agent that leaves", code, back_after=" ".join(gone))

    def test_recovery_has_what_was_measured(self):
        self.begin_kept(60, "recovered.db")
        self.wait_for_elapsed(8)
        self.hub.kill()
        self.hub.wait()
        counts = sum(self.server.counts.values())
        recovered = subprocess.run([labs.BIN / "lockstep", "recover", self.journal], capture_output=True, text=True, timeout=labs.PATIENCE)
        self.assertEqual(255, recovered.returncode, recovered.stderr)
        requests = int(re.search(r"http_reqs\.+: (\d+)", recovered.stdout)[1])
        self.tell("kill -9 of the coordinator, and recovery", exit_code=recovered.returncode, server_counted=counts, recovered=requests,
                  lost=f"{counts - requests} requests of the last moments")
        self.assertLessEqual(requests, counts)
        self.assertGreater(requests, counts - 3 * RATE)


class Coordinator(FleetCase):
    def test_a_stopped_coordinator_ends_the_run_in_peace(self):
        self.begin(60)
        self.wait_for_elapsed(5)
        stopped = time.monotonic()
        self.hub.kill("TERM")
        code = self.hub.wait()
        self.assertEqual(105, code, self.hub.said()[1])
        self.judge_all("SIGTERM to the coordinator", code, time_to_end=f"{time.monotonic() - stopped:.1f} s")

    def test_a_killed_coordinator_leaves_no_load_behind(self):
        self.begin(60)
        self.wait_for_elapsed(5)
        killed = time.monotonic()
        self.hub.kill()
        self.hub.wait()
        ended = self.wait_for_silence(*self.agents) - killed
        self.tell("kill -9 of the coordinator", load_ended_after=f"{ended:.1f} s")
        self.assertLess(ended, LEASE + 5)
        for agent in self.agents:
            self.assertTrue(agent.alive(), "agents wait for the next run")


if __name__ == "__main__":
    unittest.main(verbosity=2)
