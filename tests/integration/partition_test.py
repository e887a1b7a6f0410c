"""Real agents share a test: every iteration once, as `lockstep plan` says, and mistakes are named before anything starts."""
import json
import re
import unittest

from tests.integration.support import LockstepTest

WHO = """
    import exec from 'k6/execution';
    export const options = { scenarios: { s: %s } };
    export default function () {
        console.log(`id=${exec.vu.idInTest} it=${exec.scenario.iterationInTest} local=${exec.scenario.iterationInInstance}`);
    }
"""


class Sharing(LockstepTest):
    def who(self, result):
        """(idInTest, iterationInTest, iterationInInstance) of each iteration."""
        self.assertEqual(0, result.returncode, result.stderr)
        found = re.findall(r"id=(\d+) it=(\d+) local=(\d+)", result.stderr)
        return [tuple(int(n) for n in match) for match in found]

    def plan(self, script, *args):
        result = self.lockstep("plan", script, "--json", *args)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def test_three_agents_do_each_iteration_once(self):
        script = self.script(WHO % "{ executor: 'shared-iterations', vus: 5, iterations: 40 }")
        iterations = self.who(self.lockstep("run", "--agents", "3", script))
        self.assertEqual(list(range(40)), sorted(number for _, number, _ in iterations))
        self.assertLessEqual({vu for vu, _, _ in iterations}, {1, 2, 3, 4, 5})

    def test_parts_by_hand_are_the_whole(self):
        script = self.script(WHO % "{ executor: 'shared-iterations', vus: 5, iterations: 10 }")
        together = []
        for part, share in [("0:1/3", 4), ("1/3:2/3", 4), ("2/3:1", 2)]:
            flags = ["--execution-segment", part, "--execution-segment-sequence", "0,1/3,2/3,1"]
            mine = self.who(self.lockstep("run", script, *flags))
            self.assertEqual(share, len(mine))
            self.assertEqual(list(range(share)), sorted(local for _, _, local in mine))
            planned = self.plan(script, *flags)["agents"]
            self.assertEqual([share], [agent["scenarios"][0]["iterations"] for agent in planned])
            together += [number for _, number, _ in mine]
        self.assertEqual(list(range(10)), sorted(together))

    def test_one_percent_of_two_vus_gets_nothing_if_fair(self):
        script = self.script(WHO % "{ executor: 'shared-iterations', vus: 2, iterations: 10 }")
        part = ["--execution-segment", "0:1%", "--execution-segment-sequence", "0,1%,1"]
        self.assertEqual(5, len(self.who(self.lockstep("run", script, *part))))
        self.assertEqual(0, len(self.who(self.lockstep("run", script, "--partition", "fair", *part))))
        rest = ["--execution-segment", "1%:1", "--execution-segment-sequence", "0,1%,1"]
        self.assertEqual(10, len(self.who(self.lockstep("run", script, "--partition", "fair", *rest))))

    def test_the_plan_adds_up(self):
        script = self.script(WHO % """{ executor: 'constant-arrival-rate', rate: 10, duration: '2s',
                                        preAllocatedVUs: 7 }""")
        plan = self.plan(script, "--weights", "2,1,1")
        scenarios = [agent["scenarios"][0] for agent in plan["agents"]]
        self.assertEqual(20, sum(scenario["iterations"] for scenario in scenarios))
        self.assertEqual(7, sum(scenario["max_vus"] for scenario in scenarios))
        self.assertEqual([2, 1, 1], [agent["weight"] for agent in plan["agents"]])
        text = self.lockstep("plan", script, "--agents", "2").stdout
        self.assertIn("agent 2: segment 1/2:1 (50.00%), 3 VUs", text)

    # k6 issue 2951.
    def test_a_schedule_that_ends_before_its_stage_is_done(self):
        script = self.script("""
            export const options = { scenarios: { s: { executor: 'ramping-arrival-rate', startRate: 1,
                preAllocatedVUs: 1, stages: [{ duration: '2.5s', target: 1 }] } } };
            export default () => {}
        """)
        result = self.lockstep("run", script)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("2 complete and 0 interrupted iterations", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^s +✓")


class Mistakes(LockstepTest):
    def check(self, words, *args, code=104):
        result = self.lockstep(*args)
        self.assertEqual(code, result.returncode, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn("iterations", result.stdout, "nothing has run")

    def test_in_segments(self):
        script = self.script("export default () => {}")
        for part, sequence, words in [
            ("1/2:1/3", "", ["--execution-segment:", "1/2:1/3", "must be greater"]),
            ("0:120%", "", ["--execution-segment:", "120%", "greater than 1"]),
            ("0:0", "", ["--execution-segment:", "0:0"]),
            ("-1/3:1/2", "", ["--execution-segment:", "-1/3"]),
            ("0:1/2", "0,1/2,1/3,1", ["--execution-segment-sequence:", "1/3", "must be greater"]),
            ("0:1/2", "0,1/2,1/2,1", ["--execution-segment-sequence:", "1/2", "must be greater"]),
            ("0:2/3", "0,1/3,1", ["--execution-segment:", "0:2/3", "can't be found in sequence"]),
        ]:
            with self.subTest(part=part, sequence=sequence):
                code = 104 if "can't be found in sequence" in words else 255  # each is one, and they do not fit together
                for command in ["run", "plan"]:
                    self.check(words, command, script, "--execution-segment", part,
                               *(["--execution-segment-sequence", sequence] if sequence else []), code=code)
        self.check(["--execution-segment:", "2 agents"], "run", "--agents", "2", "--execution-segment", "0:1/2", script)
        self.check(["--execution-segment:", "--on-agent-loss redistribute"], "run", "--on-agent-loss", "redistribute",
                   "--execution-segment", "0:1/2", script)

    def test_in_weights_and_agents(self):
        script = self.script("export default () => {}")
        for weights in ["1,0", "1,-2", "1,,2", "x", "1000001,1"]:
            with self.subTest(weights):
                self.check(["--weights", weights, "from 1 to 1000000"], "plan", "--weights", weights, script, code=255)
        self.check(["--weights", "1,2", "3 agents"], "plan", "--agents", "3", "--weights", "1,2", script, code=255)
        self.check(["--agents", "0", "from 1 to 100"], "run", "--agents", "0", script, code=255)
        self.check(["--partition", "round", "striped, fair"], "run", "--partition", "round", script, code=255)

    def test_in_scenarios(self):
        for scenario, words in [
            ("executor: 'constant-vus', vus: -1, duration: '1s'", ["vus: -1"]),
            ("executor: 'constant-vus', vus: 0, duration: '1s'", ["vus: 0"]),
            ("executor: 'constant-vus', vus: 1, duration: '-1s'", ["duration", "-1s"]),
            ("executor: 'constant-vus', vus: 1, duration: 0", ["duration", "0s"]),
            ("executor: 'per-vu-iterations', iterations: 0", ["iterations: 0"]),
            ("executor: 'constant-arrival-rate', rate: 0, duration: '1s', preAllocatedVUs: 1", ["rate: 0"]),
            ("executor: 'constant-arrival-rate', rate: -5, duration: '1s', preAllocatedVUs: 1", ["rate: -5"]),
            ("executor: 'constant-arrival-rate', rate: 5, duration: '1s', preAllocatedVUs: 3, maxVUs: 2",
             ["maxVUs: 2", "preAllocatedVUs: 3"]),
            ("executor: 'ramping-arrival-rate', preAllocatedVUs: 1, stages: [{ duration: '1s', target: -3 }]",
             ["stages[0].target: -3"]),
            ("executor: 'ramping-vus', stages: [{ duration: '-1s', target: 3 }]", ["stages[0].duration: -1s"]),
            ("executor: 'ramping-vus', startVUs: -1, stages: [{ duration: '1s', target: 3 }]", ["startVUs: -1"]),
            ("executor: 'constant-vus', duration: '1s', startTime: '-2s'", ["startTime: -2s"]),
            ("executor: 'constant-vus', duration: '1s', gracefulStop: '-2s'", ["gracefulStop: -2s"]),
            ("executor: 'constant-vus', duration: '1s', exec: 'nope'", ["'nope' not found in exports"]),
            ("executor: 'constant-vus', duration: '1s', exec: ''", ["exec value cannot be empty"]),
        ]:
            with self.subTest(scenario):
                script = self.script(f"export const options = {{ scenarios: {{ a: {{ {scenario} }} }} }};"
                                     "export default () => {}")
                self.check(["a", *words], "run", script)
                self.check(["a", *words], "plan", script)


if __name__ == "__main__":
    unittest.main()
