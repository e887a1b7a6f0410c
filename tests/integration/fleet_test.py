"""A coordinator and agents as separate processes over TCP."""
import json
import shutil
import signal
import socket
import subprocess
import unittest

from tests.integration.support import BIN, PATIENCE, LockstepTest, free_port, wait_until

LONG = "import { sleep } from 'k6'; export const options = { vus: 3, duration: '60s' }; export default () => sleep(0.1);"
SHARED = """
import http from 'k6/http';
export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 5, iterations: 10 } } };
export default function () { http.get(`${__ENV.TARGET}/status/200`); }
"""


class FleetTest(LockstepTest):
    def agent(self, address, name, *args):
        process = subprocess.Popen(
            [BIN / "lockstep-agent", "--coordinator", address, "--credentials", self.trust / "agent",
             "--name", name, *args],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self.env)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def coordinator(self, address, agents, *args):
        return self.start("coordinator", "-q", "--credentials", self.trust / "coordinator", "--listen", address,
                          "--agents", str(agents), *args)

    def wait_for_status(self, address, condition, what):
        """What the coordinator at `address` says of its run once `condition` holds of that."""
        status = "no coordinator answers"

        def holds():
            nonlocal status
            result = self.operate("status", "--json", address)
            if result.returncode == 0:
                status = json.loads(result.stdout)
                return condition(status)

        wait_until(holds, what, at_last=lambda: status)
        return status

    def wait_for_state(self, address, state):
        return self.wait_for_status(address, lambda status: status["state"] == state, f"the run is {state}")


class Fleet(FleetTest):
    def test_agents_come_back_for_the_next_run(self):
        server = self.serve()
        address = f"127.0.0.1:{free_port()}"
        for name in ("a", "b", "c"):
            self.agent(address, name)
        for run in (1, 2):
            coordinator = self.coordinator(address, 3, "-e", f"TARGET={server.url}", self.script(SHARED))
            output, errors = coordinator.communicate(timeout=PATIENCE)
            self.assertEqual(0, coordinator.returncode, errors)
            self.assertRegex(output, r"iterations\.+: 10 ")
            self.assertEqual(10 * run, server.count())

    def test_a_certificate_that_is_replaced_holds_from_the_next_run_on(self):
        server = self.serve()
        address = f"127.0.0.1:{free_port()}"
        agent = self.agent(address, "a")
        for run in (1, 2):
            coordinator = self.coordinator(address, 1, "--wait-for-agents", "30s", "-e", f"TARGET={server.url}", self.script(SHARED))
            _, errors = coordinator.communicate(timeout=PATIENCE)
            self.assertEqual(0, coordinator.returncode, errors)
            if run == 1:  # a new one in the place of one that is good for nothing any more
                for command in (["agent", "second", "--out", "second"], ["revoke", "agent"]):
                    done = subprocess.run([BIN / "lockstep", "certs", *command], capture_output=True, text=True, cwd=self.trust, timeout=PATIENCE)
                    self.assertEqual(0, done.returncode, done.stderr)
                shutil.copytree(self.trust / "second", self.trust / "agent", dirs_exist_ok=True)
                shutil.copy(self.trust / "lockstep-ca/revoked.crl", self.trust / "coordinator/revoked.crl")
        self.assertIsNone(agent.poll(), "it is the same process")
        self.assertEqual(20, server.count())

    def test_the_coordinators_certificate_may_have_another_name(self):
        server = self.serve()
        address = f"127.0.0.2:{free_port()}"  # the certificate is for 127.0.0.1
        coordinator = self.coordinator(address, 1, "-e", f"TARGET={server.url}", self.script(SHARED))
        self.agent(address, "a", "--coordinator-name", "127.0.0.1", "--once")
        _, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, coordinator.returncode, errors)

    def test_status_and_control_reach_a_run(self):
        address = f"127.0.0.1:{free_port()}"
        coordinator = self.coordinator(address, 2, self.script(LONG))
        for name in ("a", "b"):
            self.agent(address, name, "--once")
        status = self.wait_for_state(address, "Running")
        self.assertEqual(["a", "b"], sorted(agent["name"] for agent in status["agents"]))
        scaled = self.operate("scale", "--vus", "5", address)
        self.assertNotEqual(0, scaled.returncode, "there is no externally-controlled scenario")
        self.assertEqual(0, self.operate("stop", address).returncode)
        output, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(103, coordinator.returncode, errors)
        self.assertRegex(output, r"iterations\.+: \d+ ")

    def test_plain_text_works_when_it_is_said_and_is_loud(self):
        server = self.serve()
        address = f"127.0.0.1:{free_port()}"
        coordinator = self.start("coordinator", "-q", "--insecure", "--listen", address, "-e", f"TARGET={server.url}",
                                 self.script(SHARED))
        agent = subprocess.run([BIN / "lockstep-agent", "--coordinator", address, "--insecure", "--once"],
                               capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(0, agent.returncode, agent.stderr)
        self.assertIn("plain text", agent.stderr)
        _, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, coordinator.returncode, errors)
        self.assertIn("plain text: everybody who can reach this address", errors)
        self.assertEqual(10, server.count())

    def test_a_killed_agent_is_named(self):
        address = f"127.0.0.1:{free_port()}"
        coordinator = self.coordinator(address, 3, self.script(LONG))
        agents = [self.agent(address, name, "--once") for name in ("a", "b", "c")]
        self.wait_for_state(address, "Running")
        agents[1].send_signal(signal.SIGKILL)
        _, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(255, coordinator.returncode, errors)
        self.assertEqual(1, errors.count("agent b was lost"), errors)

    def test_an_agent_for_once_serves_its_run_to_the_end_however_it_is_scaled(self):
        address = f"127.0.0.1:{free_port()}"
        coordinator = self.coordinator(address, 2, "--on-agent-loss", "redistribute", self.script(LONG))
        agents = [self.agent(address, name, "--once") for name in ("a", "b")]
        self.wait_for_state(address, "Running")
        for wanted in (1, 2):
            self.assertEqual(0, self.operate("scale", "--agents", str(wanted), address).returncode)
            self.wait_for_status(address, lambda status: wanted == sum(agent["state"] == "connected" for agent in status["agents"])
                                 and all(agent["state"] in ("connected", "left") for agent in status["agents"]),
                                 f"{wanted} of the agents share the work")
        self.assertEqual(0, self.operate("stop", address).returncode)
        output, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(103, coordinator.returncode, errors)
        self.assertIn("load generator: steady", output)
        self.assertEqual([0, 0], [agent.wait(timeout=PATIENCE) for agent in agents])

    def test_agents_of_a_coordinator_that_vanishes_stop(self):
        address = f"127.0.0.1:{free_port()}"
        coordinator = self.coordinator(address, 1, self.script(LONG))
        agent = self.agent(address, "a", "--once")
        self.wait_for_state(address, "Running")
        coordinator.kill()
        coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(255, agent.wait(timeout=PATIENCE))


class Mistakes(FleetTest):
    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = self.lockstep("coordinator", "--insecure", "--listen", address, self.script(LONG))
        self.assertEqual(255, result.returncode)
        self.assertIn(f"cannot listen on {address}", result.stderr)

    def test_an_unreachable_coordinator_is_named(self):
        address = f"127.0.0.1:{free_port()}"
        agent = self.agent(address, "a", "--once")
        _, errors = agent.communicate(timeout=PATIENCE)
        self.assertEqual(255, agent.returncode)
        self.assertIn(address, errors)
        status = self.operate("status", address)
        self.assertNotEqual(0, status.returncode)
        self.assertIn(address, status.stderr)

    def test_plain_text_needs_insecure(self):
        address = f"127.0.0.1:{free_port()}"
        for command in (["coordinator", "--listen", address, self.script(LONG)], ["status", address]):
            result = self.lockstep(*command)
            self.assertEqual(104, result.returncode)
            self.assertIn("--credentials: missing", result.stderr)
            self.assertIn("--insecure", result.stderr)
        agent = subprocess.run([BIN / "lockstep-agent", "--coordinator", address], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual(104, agent.returncode)
        self.assertIn("--credentials: missing", agent.stderr)

    def test_wrong_credentials_are_all_named(self):
        (self.trust / "agent/token").write_text("short", "utf-8")
        (self.trust / "agent/tls.key").unlink()
        agent = self.agent(f"127.0.0.1:{free_port()}", "a", "--once")
        _, errors = agent.communicate(timeout=PATIENCE)
        self.assertEqual(104, agent.returncode)
        self.assertIn("agent/tls.key: No such file or directory", errors)


if __name__ == "__main__":
    unittest.main()
