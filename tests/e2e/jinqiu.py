"""Runs the real programs for the end-to-end tests: a hub, clients, their output."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

JINQIU = os.environ["JINQIU"]
os.environ.setdefault("JINQIU_BALLAST", "0")  # many folders at once; test_disk_full has its own
JINQIUD = os.environ["JINQIUD"]
JINQIU_LINK = os.environ.get("JINQIU_LINK", "")  # tests/link, a relay as poor as one likes


class Failed(Exception):
    pass


def run(program, *arguments, code=0, data=None, env=None, error=False):
    """Standard output (or error) of one call; the exit code must be `code` (None: any)."""
    done = subprocess.run([program, *arguments], input=data, capture_output=True, timeout=300,
                          env={**os.environ, **(env or {})}, check=False)
    if code is not None and done.returncode != code:
        raise Failed(f"{arguments}: exit {done.returncode}, not {code}\n{done.stderr.decode()}")
    return (done.stderr if error else done.stdout).decode()


def eventually(holds, what):
    """Waits until it holds, however busy the machine is; gives what `holds` gave."""
    end = time.monotonic() + 120
    while not (held := holds()):
        if time.monotonic() > end:
            raise Failed(f"it never came so far: {what}")
        time.sleep(0.05)
    return held


class Hub:
    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.address = "127.0.0.1:0"
        self.http = None  # of the console, when it runs with --http
        self.root = self.call("init", "--name", "示例老干部局", "--no-passphrase").strip()

    def call(self, *arguments, **options):
        return run(JINQIUD, *arguments, "--dir", self.folder, **options)

    def sanitized(self):
        """AddressSanitizer keeps what was freed, and reserves terabytes for its own use."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            size = next(int(line.split()[1]) for line in status if line.startswith("VmSize"))
        return size > 1 << 30  # KiB

    def json(self, *arguments):
        return json.loads(self.call(*arguments, "--json"))

    def add_org(self, kind, name, parent):
        return self.call("org", "add", "--kind", kind, "--name", name, "--parent", parent).strip()

    def start(self, *options):
        self.process = subprocess.Popen([JINQIUD, "run", "--dir", self.folder, "--listen",
                                         self.address, *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        ready = self.process.stdout.readline().decode()
        self.address, http = re.match(r"ready listen=(\S+) http=(\S+)", ready).groups()
        self.http = None if http == "-" else http

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            code = self.process.wait(timeout=30)
            self.process.stdout.close()
            self.process = None
            return code
        return 0

    def nobody_there(self):
        """It has kept what arrived of sessions that broke."""
        status = self.json("status")
        return status["connected"] == status["strangers"] == 0

    def invite(self, org, role, person, address=None):
        return self.call("invite", "--org", org, "--role", role, "--person", person, "--address",
                         address or self.address).strip()


class Link:
    """A line between clients and the hub. Its port stays, its manner may change: a client that
    joined through it keeps to it."""

    def __init__(self, hub):
        self.hub = hub
        self.process = None
        self.address = "127.0.0.1:0"

    def start(self, *manner):
        self.process = subprocess.Popen([JINQIU_LINK, "--to", self.hub.address, "--listen",
                                         self.address, "--json", *manner],
                                        stdout=subprocess.PIPE)
        ready = self.process.stdout.readline().decode()
        self.address = re.match(r"ready listen=(\S+)", ready).group(1)

    def ended(self):
        """What it counted of the next connection that ends."""
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """What it counted in all."""
        if not self.process:
            return {}
        self.process.terminate()
        said, _ = self.process.communicate(timeout=30)
        code, self.process = self.process.returncode, None
        if code != 0:
            raise Failed(f"{JINQIU_LINK}: exit {code}")
        return json.loads(said.decode().splitlines()[-1])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Client:
    def __init__(self, folder, code, env=None):
        self.folder = folder
        self.env = env
        self.device = self.call("join", code, "--no-passphrase").strip()

    def call(self, *arguments, **options):
        return run(JINQIU, *arguments, "--dir", self.folder, env=self.env, **options)

    def json(self, *arguments, **options):
        return json.loads(self.call(*arguments, "--json", **options))

    def sync(self, code=0):
        return json.loads(self.call("sync", "--json", code=code) or "{}")


class World:
    """A hub with bureau, county, township and three branches, in a folder of its own."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="jinqiu-e2e-")
        self.hub = Hub(os.path.join(self.folder, "hub"))
        self.county = self.hub.add_org("county", "示例县", self.hub.root)
        self.township = self.hub.add_org("township", "示例镇", self.county)
        self.branches = [self.hub.add_org("branch", f"示例支部{n}", self.township)
                         for n in (1, 2, 3)]
        self.hub.start()
        self.clients = 0
        return self

    def __exit__(self, *_):
        self.hub.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def join(self, role="secretary", org=None, env=None, address=None):
        code = self.hub.invite(org or self.township, role, f"示例党员{self.clients + 1:03}",
                               address)
        return self.join_by(code, env)

    def join_by(self, code, env=None):
        self.clients += 1
        return Client(os.path.join(self.folder, f"client{self.clients}"), code, env)
