#!/usr/bin/python3
"""Walk the real program and its real ledger through jumping clocks and reboots.

BUILD names the build directory, SEED the walk; with SOAK=1 it takes 100,000 steps, else 3,000.

The world keeps true time; ibcred sees a wall clock that is set back and forth at random, and a boot
clock that begins anew at each reboot (tests/shims/clock_shim.c). What IBKR would have counted is
kept here in true time. No release may come inside a wait, with another in flight, over a budget,
or with a password that was rejected.

The last line is "N passed, N failed".
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import uuid

from reaper import end_reaper

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
IBCRED = BUILD + "/preloadable/ibcred"
SHIM = BUILD + "/tests/shims/clock_shim.so"
STEPS = 100_000 if os.environ.get("SOAK") == "1" else 3000
SEED = int(os.environ.get("SEED", "20261122"))

# policy/default.yaml, in seconds; the least that each outcome must make ibcred wait.
ATTEMPT_TIMEOUT, WINDOW, MAX_FAILURES, MAX_ATTEMPTS = 300, 86400, 3, 8
LEAST_WAIT = {
    "rejected": 60,
    "throttled": 59,
    "2fa-timeout": 60,
    "session-conflict": 300,
    "silent-drop": 60,
    "failed": 60,
    "unknown": 60,
}
FAILURES = ("rejected", "2fa-timeout", "failed")
HARMLESS = ("silent-drop", "session-conflict", "success")


class World:
    def __init__(self):
        self.disk = tempfile.mkdtemp(prefix="ibcred-walk.")
        self.runtime = tempfile.mkdtemp(prefix="ibcred-walk.", dir="/dev/shm")
        self.true = 0.0  # seconds
        self.booted = -1000.0
        self.wall_offset = 1_800_000_000.0
        self.passwords = 0
        self.wipe()
        self.burned = set()
        self.new_boot_id()
        self.run("init")
        self.seal()

    def wipe(self):
        """What a success or a person's clear makes of IBKR's side."""
        self.charged = None  # true time of the attempt without an outcome
        self.wait_until = -1e9
        self.failures = []  # true times of logins that failed
        self.held = False  # there were once too many of them in one window
        self.attempts = []  # true times of logins that may have counted

    def new_boot_id(self):
        with open(self.disk + "/boot_id", "w", encoding="ascii") as file:
            file.write(str(uuid.UUID(int=random.getrandbits(128))) + "\n")

    def start(self, *arguments, text=""):
        process = subprocess.Popen(
            [IBCRED, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": self.disk,
                "IBCRED_VAULT": self.disk + "/vault",
                "IBCRED_IDENTITY_FILE": self.disk + "/identity",
                "IBCRED_STATE_DIR": self.disk + "/state",
                "IBCRED_RUNTIME_DIR": self.runtime,
                "LD_PRELOAD": SHIM,
                "SHIM_WALL_MS": str(int((self.true + self.wall_offset) * 1000)),
                "SHIM_BOOT_MS": str(int((self.true - self.booted) * 1000)),
                "SHIM_BOOT_ID_FILE": self.disk + "/boot_id",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdin.write(text.encode())
        process.stdin.close()
        return process

    def run(self, *arguments, text=""):
        process = self.start(*arguments, text=text)
        answer, talk = process.stdout.read().decode(), process.stderr.read().decode()
        return process.wait(), answer, talk

    def seal(self):
        self.passwords += 1
        text = json.dumps({"IB_USERNAME": "user1", "IB_PASSWORD": f"pass-{self.passwords}"})
        code, _, talk = self.run("seal", "paper", "--kind", "paper", "--stdin", text=text)
        if code != 0:
            raise RuntimeError(f"seal: {talk}")

    def recent(self, times):
        return [at for at in times if self.true - at < WINDOW]

    def forbidden(self):
        """Why a release now, in true time, would harm the account; None when it would not."""
        if self.passwords in self.burned:
            return "the password was rejected"
        if self.held:
            return "the budget of failures is spent"
        if self.charged is not None and self.true - self.charged < ATTEMPT_TIMEOUT:
            return "another attempt is in flight"
        if self.true < self.wait_until:
            return "inside a wait"
        unheard = self.charged is not None
        if len(self.recent(self.attempts)) + unheard >= MAX_ATTEMPTS:
            return "the budget of attempts is spent"
        return None

    def charge(self):
        if self.charged is not None:  # timed out: nobody heard of it
            self.attempts.append(self.charged)
        self.charged = self.true
        self.charged_password = self.passwords

    def report(self, outcome, printed):
        if outcome == "success":
            self.wipe()
            return
        if outcome in FAILURES:
            self.failures.append(self.true)
            self.held |= len(self.recent(self.failures)) >= MAX_FAILURES
        if outcome not in HARMLESS and not (outcome == "unknown" and self.charged is None):
            self.attempts.append(self.true)
        if outcome == "rejected":
            self.burned.add(self.charged_password)
        self.wait_until = max(self.wait_until, self.true + max(LEAST_WAIT[outcome], printed))
        self.charged = None

    def remove(self):
        shutil.rmtree(self.disk)
        shutil.rmtree(self.runtime)


def inject(world, processes, failures, step):
    """Ask from one or two processes at once; true when one was allowed."""
    why_not = world.forbidden()
    running = [world.start("inject", "paper") for _ in range(processes)]
    answers = [(p.stdout.read().decode(), p.stderr.read().decode(), p.wait()) for p in running]
    allowed = [answer.strip() for answer, _, code in answers if code == 0]
    for _, talk, code in answers:
        if code not in (0, 75, 77):
            failures.append(f"step {step}: inject exits {code}: {talk}")
    for path in allowed:
        end_reaper(path)
    if len(allowed) > 1:
        failures.append(f"step {step}: {len(allowed)} releases at one moment")
    if allowed and why_not:
        failures.append(f"step {step}: released although {why_not}")
    if allowed:
        world.charge()
    return bool(allowed)


def reboot(world):
    world.true += random.choice([5, 60, 3600, 40000])
    world.booted = world.true
    world.true += random.uniform(2, 40)
    world.new_boot_id()


def walk(world, failures):
    released = asked = 0
    world.charged_password = 0
    for step in range(STEPS):
        move = random.random()
        if move < 0.30:
            world.true += random.choice([1, 20, 59, 61, 120, 301, 700, 4000, 30000])
        elif move < 0.42:
            jump = random.choice([-1, 1]) * random.choice([30, 3600, 86400, 4e8])
            world.wall_offset = max(world.wall_offset + jump, 0)  # no clock before 1970
        elif move < 0.47:
            reboot(world)
        elif move < 0.75:
            asked += 1
            released += inject(world, random.choice([1, 1, 2]), failures, step)
        elif move < 0.95:
            outcome = random.choice(["success", *LEAST_WAIT, "unknown", "throttled"])
            printed = random.choice([0, 30, 300]) if outcome == "throttled" else 0
            if world.charged is None and outcome in ("success", "rejected"):
                continue
            word = f"{outcome}={printed}" if printed else outcome
            code, _, talk = world.run("report", "paper", word)
            if code != 0:
                failures.append(f"step {step}: report {word} exits {code}: {talk}")
            world.report(outcome, printed)
        elif move < 0.98:
            world.seal()
        else:
            world.run("gate", "paper", "--clear")
            world.wipe()
            world.burned.discard(world.passwords)
    print(f"clock walk: seed {SEED}, {STEPS} steps, {asked} asked, {released} released")
    if released < STEPS // 60:
        failures.append(f"only {released} releases: the gate is shut for good")


def main():
    random.seed(SEED)
    world = World()
    failures = []
    walk(world, failures)
    world.remove()
    for failure in failures[:10]:
        print("FAIL", failure)
    print("0 passed, 1 failed" if failures else "1 passed, 0 failed")
    sys.exit(bool(failures))


main()
