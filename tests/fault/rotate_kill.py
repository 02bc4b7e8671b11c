#!/usr/bin/python3
"""Kill ibcred at random moments of a rotation's whole life, and look at what comes of it.

usage: rotate_kill.py [KILLS]; BUILD names the build directory, SEED the moments; 200 kills, with
SOAK=1 it is 2,000

A rotation stages a password, releases it, reports what IBKR said of it (or drops it again), brings
it to the two secrets at a forge that hold copies, and resumes; each step may be killed, also more than once, and is then taken up again as a person would.
IBKR's side is kept here: what was reported, and which password is the right one. After each kill
the vault verifies and has one active version; a version that was not reported as logged in never is
it. At the end the profile has the old password or the new one, as reported, and never something
between, the forge has the same, and the gate has counted what was reported, once.

Clocks are bent by tests/shims/clock_shim.c, so that no wait is slept through.
The last line is "N passed, N failed".
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from reaper import end_reaper

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
IBCRED = BUILD + "/preloadable/ibcred"
SHIM = BUILD + "/tests/shims/clock_shim.so"
FORGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools/forge_server.py")
TOKEN = "ghp-t0ken-of-this-house"
COPIES = 2
KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000 if os.environ.get("SOAK") == "1" else 200
SEED = int(os.environ.get("SEED", "20261122"))

POLICY = "rotation: {keep: {versions: 2, age: 0}}\n"
ATTEMPT_TIMEOUT, REJECTED_WAIT, LONGEST_WAIT = 300, 60, 3700  # policy/default.yaml, in seconds
OUTCOMES = ["success"] * 4 + ["rejected"] * 3 + ["throttled", "session-conflict", "silent-drop"]
ROTATIONS_A_HOUSE = 40  # what was rejected is kept for good


class Wrong(Exception):
    """What must not be; the rotation it came up in says which."""


class Forge:
    """forge_server.py, which opens what GitHub is sent with a key of its own."""

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(directory)
        with open(directory + "/token", "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        self.process = subprocess.Popen([FORGE, directory], stdout=subprocess.DEVNULL)
        while not os.path.exists(directory + "/port"):
            time.sleep(0.05)
        with open(directory + "/port", encoding="ascii") as file:
            self.url = "http://127.0.0.1:" + file.read()

    def kept(self):
        """The newest value of each secret, by its path."""
        with open(self.directory + "/kept.jsonl", encoding="utf-8") as file:
            return {line["path"]: line["value"] for line in map(json.loads, file)}

    def end(self):
        self.process.kill()
        self.process.wait()


class House:
    """A vault, a state and a runtime directory of their own, with one profile in them."""

    def __init__(self, kills):
        self.kills = kills
        self.disk = tempfile.mkdtemp(prefix="ibcred-rotate.")
        self.runtime = tempfile.mkdtemp(prefix="ibcred-rotate.", dir="/dev/shm")
        # Not before the real one, by which reapers go: they are to leave what lies there.
        self.boot_ms = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
        self.passwords = 0
        self.right = {self.new_password()}  # what IBKR was reported to have let in, or sealed so
        with open(self.disk + "/policy.yaml", "w", encoding="ascii") as file:
            file.write(POLICY)
        self.must("init")
        text = json.dumps({"IB_USERNAME": "user1", "IB_PASSWORD": self.password})
        self.must("seal", "paper", "--kind", "paper", "--stdin", text=text)
        self.forge = Forge(self.disk + "/forge")
        for forge, api in (("github", ""), ("gitea", "/api/v1")):
            self.must("provision", forge, "paper", "--repo", "o/r", "--field", "IB_PASSWORD",
                      "--api-url", self.forge.url + api)

    def new_password(self):
        self.passwords += 1
        self.password = f"pass-{self.passwords}-of-this-house"
        return self.password

    def pass_time(self, seconds):
        self.boot_ms += seconds * 1000

    def start(self, *arguments, text="", variables=None):
        self.pass_time(1)
        process = subprocess.Popen(
            [IBCRED, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": self.disk,
                "IBCRED_VAULT": self.disk + "/vault",
                "IBCRED_IDENTITY_FILE": self.disk + "/identity",
                "IBCRED_STATE_DIR": self.disk + "/state",
                "IBCRED_RUNTIME_DIR": self.runtime,
                "IBCRED_POLICY": self.disk + "/policy.yaml",
                "IBCRED_HTTP": BUILD + "/ibcred-http",
                "GITHUB_TOKEN": TOKEN,
                "GITEA_TOKEN": TOKEN,
                "LD_PRELOAD": SHIM,
                "SHIM_WALL_MS": str(1_800_000_000_000 + self.boot_ms),
                "SHIM_BOOT_MS": str(self.boot_ms),
                **(variables or {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdin.write(text.encode())
        process.stdin.close()
        return process

    def run(self, *arguments, text="", variables=None):
        process = self.start(*arguments, text=text, variables=variables)
        answer, talk = process.stdout.read().decode(), process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        return process.wait(), answer, talk

    def must(self, *arguments, codes=(0,), **more):
        code, answer, talk = self.run(*arguments, **more)
        if code not in codes:
            raise Wrong(f"{' '.join(arguments)}: exit {code}: {talk}")
        return answer

    def versions(self):
        shown = json.loads(self.must("show", "paper", "--json"))["versions"]
        return {version["version"]: version["state"] for version in shown}

    def staged(self):
        return [number for number, state in self.versions().items() if state == "staged"]

    def behind(self):
        copies = json.loads(self.must("show", "paper", "--json"))["copies"]
        if len(copies) != COPIES:
            raise Wrong(f"copies were forgotten: {copies}")
        return sum(copy["behind"] for copy in copies)

    def active_password(self):
        return self.must("show", "paper", "--reveal", "--field", "IB_PASSWORD").rstrip("\n")

    def gate(self):
        return json.loads(self.must("gate", "paper", "--json", codes=(0, 75, 77)))

    def take_deliveries(self, password):
        """End what lies in the runtime directory; true when the password was in it."""
        found = False
        for name in os.listdir(self.runtime):
            path = os.path.join(self.runtime, name)
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                found |= password.encode() in file.read()
            end_reaper(path)
        return found

    def remove(self):
        self.forge.end()
        shutil.rmtree(self.disk)
        shutil.rmtree(self.runtime)


class Kills:
    """How many are wanted, and where they hit."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.hits = {}  # per step: killed before its end, and its work was there or was not
        self.lengths = {}

    def left(self):
        return self.wanted - sum(sum(hit.values()) for hit in self.hits.values())

    def kill(self, step, process):
        """Kill it at a random moment; true when it was still there to be killed."""
        length = self.lengths.get(step, 0.02)
        begin = time.monotonic()
        end = begin + random.uniform(0, 1.2 * length)
        while time.monotonic() < end and process.poll() is None:
            pass
        alive = process.poll() is None
        process.kill()
        process.stdout.close()
        process.stderr.close()
        process.wait()
        if not alive:
            took = time.monotonic() - begin
            self.lengths[step] = 0.8 * length + 0.2 * took
        else:
            self.lengths[step] = 1.02 * length
        return alive

    def note(self, step, worked):
        hit = self.hits.setdefault(step, {"done": 0, "undone": 0})
        hit["done" if worked else "undone"] += 1


def check(house):
    """What holds after each kill: whole, one active, and no password that was never let in."""
    house.must("verify")
    house.must("audit", "verify")
    states = list(house.versions().values())
    if states.count("active") != 1 or states.count("staged") > 1:
        raise Wrong(f"after a kill: {states}")
    if house.active_password() not in house.right:
        raise Wrong("a password is active that never logged in")


def take_step(house, step, arguments, done, codes=(0,), **more):
    """
    Take a step as often as it takes until it is done, some times cut off. done() looks at what is
    there; a step that came to its end by itself is done.
    """
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        killed = house.kills.kill(step, house.start(*arguments, **more))
        check(house)
        worked = done()
        if killed:
            house.kills.note(step, worked)
        if worked:
            return
    if not done():
        house.must(*arguments, codes=codes, **more)
        if not done():
            raise Wrong(f"{step} has not done its work")


def resume(house):
    """What --resume says of the profile: its word for the staging, and the version."""
    answers = json.loads(house.must("rotate", "--resume", "--json", codes=(0, 75)))
    return (answers[0]["staging"], answers[0]["version"]) if answers else ("none", None)


def stage(house):
    take_step(
        house,
        "stage",
        ("rotate", "paper", "--from-env"),
        lambda: bool(house.staged()),
        variables={"IB_PASSWORD": house.password},
    )
    return house.staged()[0]


def release(house):
    """Until the secret has left: only then somebody can log in with it."""
    left = False

    def done():
        nonlocal left
        left = left or house.take_deliveries(house.password)
        if left and resume(house)[0] != "tried":
            raise Wrong("the secret has left, and nothing is charged")
        if not left:
            house.pass_time(ATTEMPT_TIMEOUT + LONGEST_WAIT)
        return left

    take_step(house, "release", ("inject", "paper", "--staged"), done)


def report(house, outcome, version):
    """Report it until it is written down: --resume tells whether it is."""
    if outcome == "success":
        house.right.add(house.password)
    after = {"success": "active", "rejected": "burned"}.get(outcome, "staged")
    heard = False

    def done():
        nonlocal heard
        if not heard:
            # A report that the vault does not show may be in the ledger all the same.
            state = house.versions().get(version)
            said = resume(house)[0] if state == "staged" else None
            heard = said != "tried"
        return heard

    take_step(house, "report", ("report", "paper", outcome), done)
    state = house.versions().get(version)
    if state != after:
        raise Wrong(f"{outcome} was reported, and version {version} is {state}")


def settle(house, outcome, version):
    """A resume that is cut off, and another; then it is as was reported."""
    wanted = {"success": "active", "rejected": "burned"}[outcome]
    take_step(
        house,
        "resume",
        ("rotate", "--resume"),
        lambda: house.versions().get(version) == wanted,
    )


def bring(house):
    """Until the forge has what is active; a copy that is not behind is the active password."""
    take_step(house, "copies", ("rotate", "paper", "--resume"), lambda: house.behind() == 0)
    kept = house.forge.kept()
    if set(kept.values()) != {house.active_password()} or len(kept) != COPIES:
        raise Wrong("a secret at the forge is not the active password, and show says that it is")


def prove(house, old, outcome, version):
    """In the end it is one of the two, and the gate has counted what was reported."""
    bring(house)
    gate = house.gate()
    wanted = 1 if outcome == "rejected" else 0
    if gate["failures"] != wanted:
        raise Wrong(f"{outcome} was reported once, and {gate['failures']} failures are counted")
    states = house.versions()
    if outcome == "success":
        right, wanted = house.password, {old: "retired", version: "active"}
    else:
        right, wanted = house.old, {old: "active", version: "burned" if outcome == "rejected" else "retired"}
    if {number: states.get(number) for number in wanted} != wanted:
        raise Wrong(f"after {outcome}: {states}, wanted {wanted}")
    if house.active_password() != right:
        raise Wrong(f"after {outcome}: the other password is the active one")
    house.pass_time(LONGEST_WAIT)
    house.must("inject", "paper")
    if not house.take_deliveries(right):
        raise Wrong(f"after {outcome}: the other password is released")
    house.must("report", "paper", "success")


def rotate(house):
    states = house.versions()
    house.old = house.active_password()
    old = next(number for number, state in states.items() if state == "active")
    house.new_password()
    version = stage(house)
    for _ in range(3):
        outcome = random.choice(OUTCOMES)
        release(house)
        report_cut_off = random.random() < 0.5
        if report_cut_off and outcome in ("success", "rejected"):
            leave_to_resume(house, outcome, version)
        else:
            report(house, outcome, version)
        if outcome in ("success", "rejected"):
            prove(house, old, outcome, version)
            return
        house.pass_time(LONGEST_WAIT)
    take_step(
        house,
        "abort",
        ("rotate", "paper", "--abort"),
        lambda: not house.staged(),
    )
    prove(house, old, "aborted", version)


def leave_to_resume(house, outcome, version):
    """The vault has not heard of the report, for it was away: --resume is to bring it there."""
    if outcome == "success":
        house.right.add(house.password)
    saved = {}
    for path in [house.disk + "/vault", *seen_files(house)]:
        with open(path, "rb") as file:
            saved[path] = file.read()
    house.must("report", "paper", outcome)
    for path, content in saved.items():
        with open(path, "wb") as file:
            file.write(content)
    if house.versions().get(version) != "staged":
        raise Wrong("the vault of before is not the one of before")
    settle(house, outcome, version)


def seen_files(house):
    state = house.disk + "/state/"
    return [state + name for name in os.listdir(state) if name.endswith(".seen")]


def main():
    random.seed(SEED)
    print(f"seed {SEED}")
    kills = Kills(KILLS)
    house, rotations, failures = None, 0, []
    while kills.left() > 0 and not failures:
        if rotations % ROTATIONS_A_HOUSE == 0:
            if house:
                house.remove()
            house = House(kills)
        rotations += 1
        try:
            rotate(house)
        except Wrong as wrong:
            failures.append(f"rotation {rotations}: {wrong}")
    house.remove()
    print(f"{rotations} rotations, kills before and after the work was done: {kills.hits}")
    for side in ("done", "undone"):
        if not failures and sum(hit[side] for hit in kills.hits.values()) < KILLS // 20:
            failures.append(f"next to no kill left the work {side}: {kills.hits}")
    for failure in failures[:10]:
        print("FAIL", failure)
    print("0 passed, 1 failed" if failures else "1 passed, 0 failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
