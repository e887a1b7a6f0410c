"""Live control of a fleet of three real agents: scaling, pausing and resuming externally controlled scenarios."""
import json
import unittest
from fractions import Fraction

from tests.integration.fleet_test import LONG, FleetTest
from tests.integration.support import PATIENCE, free_port

CONTROLLED = """
import { sleep } from 'k6';
export const options = { scenarios: { c: {
  executor: 'externally-controlled', vus: 2, maxVUs: 10, duration: '10m', gracefulStop: '1s' } } };
export default () => sleep(0.05);
"""


class ControlCase(FleetTest):
    def fleet_of_three(self, script, *args):
        self.address = f"127.0.0.1:{free_port()}"
        process = self.coordinator(self.address, 3, *args, self.script(script))
        for name in ("a", "b", "c"):
            self.agent(self.address, name, "--once")
        return process

    def status(self):
        return json.loads(self.operate("status", "--json", self.address).stdout)

    def wait_for(self, condition, what):
        return self.wait_for_status(self.address, condition, what)

    def shares(self, status):
        """Active VUs by the agents' segments, in the segments' order."""
        agents = sorted(status["agents"], key=lambda agent: Fraction(agent["segment"].split(":")[0]))
        return [int(agent["vus"]) for agent in agents]

    def control(self, *args):
        result = self.operate(*args, self.address)
        self.assertEqual(0, result.returncode, result.stderr)


class Control(ControlCase):
    def test_scaling_divides_the_vus_among_the_agents_again(self):
        run = self.fleet_of_three(CONTROLLED)
        self.wait_for(lambda s: s["state"] == "Running" and int(s["vus"]) == 2, "2 VUs run")
        # By striping, agent i of 3 gets ceil((N - i) / 3) of N.
        for args, shares in ((["--vus", "10"], [4, 3, 3]), (["--vus", "20", "--max", "20"], [7, 7, 6]),
                             (["--vus", "1"], [1, 0, 0]), (["--vus", "0"], [0, 0, 0]),
                             (["--vus", "5", "--max", "5"], [2, 2, 1])):
            self.control("scale", *args)
            status = self.wait_for(lambda s: self.shares(s) == shares, f"{args} gives {shares}")
            self.assertEqual(sum(shares), int(status["vus"]))
        self.control("stop")
        output, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode, errors)
        self.assertRegex(output, r"iterations\.+: \d+ ")

    def test_agents_that_had_no_part_in_the_plan_get_theirs_by_scaling(self):
        run = self.fleet_of_three(CONTROLLED.replace("vus: 2, maxVUs: 10", "vus: 1, maxVUs: 1"))
        self.wait_for(lambda s: s["state"] == "Running" and int(s["vus"]) == 1, "1 VU runs")
        self.control("scale", "--vus", "6", "--max", "6")
        self.wait_for(lambda s: self.shares(s) == [2, 2, 2], "all agents have 2 VUs")
        self.control("stop")
        run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode)

    def test_a_pause_holds_all_agents_until_resume(self):
        run = self.fleet_of_three(CONTROLLED)
        running = self.wait_for(lambda s: int(s["iterations"]) > 0, "iterations end")
        self.assertFalse(running["paused"])
        self.control("pause")
        seen = {}

        def stands_still(status):
            # Agents report each second: nothing has moved in two seconds of the run's clock.
            counts = tuple(agent["iterations"] for agent in status["agents"])
            since = seen.setdefault(counts, float(status["elapsed_s"]))
            return status["paused"] and float(status["elapsed_s"]) - since >= 2

        paused = self.wait_for(stands_still, "all agents stand still")
        self.control("resume")
        self.wait_for(lambda s: all(int(now["iterations"]) > int(then["iterations"]) or int(then["vus"]) == 0
                                      for now, then in zip(s["agents"], paused["agents"])), "all go on")
        self.control("stop")
        run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode)

    def test_an_agent_that_comes_knows_what_the_run_was_told(self):
        run = self.fleet_of_three(CONTROLLED, "--on-agent-loss", "redistribute", "--late-agents", "join")
        self.wait_for(lambda s: s["state"] == "Running" and int(s["vus"]) == 2, "2 VUs run")
        self.control("scale", "--vus", "9")
        self.wait_for(lambda s: int(s["vus"]) == 9, "9 VUs run")
        self.control("pause")
        self.agent(self.address, "d", "--once")
        late = self.wait_for(lambda s: len(s["agents"]) == 4 and any(a["name"] == "d" and a["segment"] for a in s["agents"]),
                             "the late agent has a part")
        self.assertTrue(late["paused"])
        (joined,) = [agent for agent in late["agents"] if agent["name"] == "d"]
        self.assertEqual(0, int(joined["iterations"]))
        self.control("resume")
        status = self.wait_for(lambda s: sorted(self.shares(s)) == [2, 2, 2, 3], "all have their share of the 9")
        self.assertEqual(10, int(status["vus_max"]))
        self.control("stop")
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode, errors)
        self.assertNotIn("not paused", errors)

    def test_a_watch_lasts_as_long_as_the_run(self):
        run = self.fleet_of_three(CONTROLLED.replace("10m", "4s"))
        self.wait_for(lambda s: s["state"] == "Running", "runs")
        watch = self.operate("status", "--watch", "--json", self.address)
        self.assertEqual(0, watch.returncode, watch.stderr)
        lines = [json.loads(line) for line in watch.stdout.splitlines()]
        self.assertEqual("Running", lines[0]["state"])
        self.assertEqual("Done", lines[-1]["state"])
        self.assertTrue(any(line.get("load", {}).get("iterations_per_s", 0) > 0 for line in lines), "speeds are told")
        metric = next(m for m in lines[-1]["metrics"] if m["key"] == "iteration_duration")
        self.assertEqual(int(lines[-1]["iterations"]), int(metric["samples"]))
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)


class Refusals(ControlCase):
    def refused(self, message, *args):
        before = self.status()
        result = self.operate(*args, self.address)
        self.assertNotEqual(0, result.returncode)
        self.assertIn(message, result.stderr)
        after = self.status()
        for key in ("state", "paused", "vus", "vus_max", "stop_reason"):
            self.assertEqual(before[key], after[key], key)

    def test_wrong_scalings_leave_the_run_untouched(self):
        run = self.fleet_of_three(CONTROLLED)
        self.wait_for(lambda s: s["state"] == "Running" and int(s["vus"]) == 2 and int(s["vus_max"]) == 10, "runs")
        self.refused("scenarios.c: vus must be <= maxVUs, got 11 > 10", "scale", "--vus", "11")
        self.refused("scenarios.c: vus must be <= maxVUs, got 3 > 2", "scale", "--vus", "3", "--max", "2")
        self.refused("expected an integer, at least 0", "scale", "--vus=-1")
        self.refused("give --vus, --max, --agents or several of them", "scale")
        self.refused("the run is not paused", "resume")
        self.control("stop")
        run.communicate(timeout=PATIENCE)

    def test_other_executors_are_neither_scaled_nor_paused(self):
        run = self.fleet_of_three(LONG)
        self.wait_for(lambda s: s["state"] == "Running" and int(s["vus"]) == 3, "runs")
        self.refused("only externally-controlled scenarios can be scaled, and this test has none",
                     "scale", "--vus", "5")
        self.refused("constant-vus executor 'default' doesn't support pause and resume operations after its start",
                     "pause")
        self.control("stop")
        run.communicate(timeout=PATIENCE)


if __name__ == "__main__":
    unittest.main()
