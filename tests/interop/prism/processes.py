"""The programs of the run: twins, Prism and the gateway, each on a free loopback port."""

import os
import pathlib
import re
import subprocess
import time

PATIENCE = 60


class Processes:
    """Starts programs and ends them again."""

    def __init__(self, folder):
        self.folder, self.running = pathlib.Path(folder), []

    def start(self, name, command, pattern, **more):
        """Starts a program and waits for a line of its output that has the pattern; answers all its groups."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            program = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **more)
        self.running.append(program)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and program.poll() is None:
            found = re.search(pattern, log.read_text(errors="replace"), re.MULTILINE | re.DOTALL)
            if found:
                return found.groups()
            time.sleep(0.05)
        raise SystemExit(f"{name} did not start:\n{log.read_text(errors='replace')}")

    def stop(self):
        for program in self.running:
            program.terminate()
        for program in self.running:
            program.wait(timeout=PATIENCE)


def twins(processes, tagway):
    """The twins' addresses by vendor, with the base path that each vendor publishes."""
    pattern = "".join(rf"^{vendor} (\S+)$.*?" for vendor in ("elevenlabs", "awardee", "attention"))
    found = processes.start("twins", [tagway, "mock"], pattern)
    return dict(zip(("elevenlabs", "awardee", "attention"), found))


def prism(processes, program, name, *arguments):
    """The address of a Prism; `arguments` say whether it mocks or forwards, and from which document."""
    mode, *places = arguments
    command = [program, mode, "--errors", "--port", "0", *places]
    (address,) = processes.start(f"prism-{name}", command, r"listening on http://(\S+)")
    return address


ROUTE = """
[routes.{vendor}]
vendor = "{vendor}"
base_url = "http://127.0.0.1:{port}"
allow_any_host = true
secret = "env:INTEROP_SECRET"
create_missing = true
catalogue_ttl_ms = 100
rate = "off"
"""


def gateway(processes, tagway, ports):
    """The gateway's address; each vendor's route goes to the port that is given for it."""
    file = processes.folder / "gateway.toml"
    head = f'[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\nlog = "json"\nstore = "{processes.folder}/gateway.redb"\n'
    file.write_text(head + "".join(ROUTE.format(vendor=vendor, port=port) for vendor, port in ports.items()))
    variables = {"INTEROP_SECRET": "aw_live_00000000000000000000000000000000", "PATH": os.environ["PATH"]}
    command = [tagway, "serve", "--config", str(file)]
    (address,) = processes.start("gateway", command, r'"public":"([^"]+)"', env=variables)
    return address
