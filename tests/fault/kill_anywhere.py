#!/usr/bin/python3
"""Kill ibcred at random moments, and look at what is left.

usage: kill_anywhere.py [ROUNDS]; BUILD names the build directory, SEED the moments

- seal: the vault opens afterwards, and holds the old password or the new one, whole.
- inject: where the secret has left, its charge is in the ledger; `reap --all` leaves no plaintext.
- key rotate: the vault opens afterwards, and holds what it held.
- 40 writers at once: no update is lost.

The last line is "N passed, N failed".
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

IBCRED = os.path.abspath(os.environ.get("BUILD", "build")) + "/ibcred"
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
WRITERS = 40
SEED = int(os.environ.get("SEED", "20261122"))


class House:
    """A vault, state and runtime directory of their own."""

    def __init__(self):
        self.disk = tempfile.mkdtemp(prefix="ibcred-kill.")
        self.runtime = tempfile.mkdtemp(prefix="ibcred-kill.", dir="/dev/shm")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.disk,
            "IBCRED_VAULT": self.disk + "/vault",
            "IBCRED_IDENTITY_FILE": self.disk + "/identity",
            "IBCRED_STATE_DIR": self.disk + "/state",
            "IBCRED_RUNTIME_DIR": self.runtime,
        }
        self.run("init")

    def start(self, *arguments, text=None):
        process = subprocess.Popen(
            [IBCRED, *arguments],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if text is not None:
            process.stdin.write(text.encode())
        process.stdin.close()
        return process

    def run(self, *arguments, text=None):
        process = self.start(*arguments, text=text)
        answer = process.stdout.read().decode()
        return process.wait(), answer

    def sealing(self, profile, password):
        text = json.dumps({"IB_USERNAME": "user1", "IB_PASSWORD": password})
        return ("seal", profile, "--kind", "paper", "--stdin"), text

    def password(self, profile="paper"):
        code, answer = self.run("show", profile, "--reveal", "--field", "IB_PASSWORD")
        return answer.rstrip("\n") if code == 0 else f"(show failed: {code})"

    def plaintext(self, password):
        """Deliveries that hold the password."""
        found = []
        for name in os.listdir(self.runtime):
            with open(os.path.join(self.runtime, name), "rb") as file:
                if password.encode() in file.read():
                    found.append(name)
        return found

    def remove(self):
        self.run("reap", "--all")
        shutil.rmtree(self.disk)
        shutil.rmtree(self.runtime)


def typical_seconds(call):
    begin = time.monotonic()
    for _ in range(5):
        call()
    return (time.monotonic() - begin) / 5


def kill_after(process, seconds):
    """True when the process was still there to be killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    alive = process.poll() is None
    process.kill()
    process.stdout.close()
    process.wait()
    return alive


def kill_seals(house):
    failures, killed, new_ones = [], 0, 0
    arguments, text = house.sealing("paper", "start-0")
    house.run(*arguments, text=text)
    old = "start-0"
    length = typical_seconds(lambda: house.run(*arguments, text=text))
    for turn in range(ROUNDS):
        if turn % 200 == 199:  # keep the history below its limit
            house.run("remove", "paper", "--yes")
            arguments, text = house.sealing("paper", old)
            house.run(*arguments, text=text)
        new = f"password-{turn}"
        arguments, text = house.sealing("paper", new)
        killed += kill_after(house.start(*arguments, text=text), random.uniform(0, 1.2 * length))
        found = house.password()
        if found not in (old, new):
            failures.append(f"seal {turn}: found '{found}', neither '{old}' nor '{new}'")
        new_ones += found == new
        old = found
    code, _ = house.run("verify")
    if code != 0:
        failures.append(f"verify after the seals: exit {code}")
    if killed < ROUNDS // 4 or not 0 < new_ones < ROUNDS:
        failures.append(f"the kills hit nothing: {killed} killed, {new_ones} new of {ROUNDS}")
    print(f"seal: {ROUNDS} rounds, {killed} killed, {new_ones} had become new")
    return failures


def kill_injects(house):
    failures, killed, left = [], 0, 0
    password = "only-in-here-4711"
    arguments, text = house.sealing("paper", password)
    house.run(*arguments, text=text)
    house.run("gate", "paper", "--clear")

    def one():
        house.run("inject", "paper")
        house.run("gate", "paper", "--clear")

    length = typical_seconds(one)
    for turn in range(ROUNDS):
        killed += kill_after(house.start("inject", "paper"), random.uniform(0, length))
        has_left = bool(house.plaintext(password))
        left += has_left
        _, answer = house.run("gate", "paper", "--json")
        decision = json.loads(answer)["decision"]
        if has_left and decision != "wait":
            failures.append(f"inject {turn}: the secret left, and the gate says {decision}")
        house.run("reap", "--all")
        if house.plaintext(password):
            failures.append(f"inject {turn}: plaintext outlived reap")
        house.run("gate", "paper", "--clear")
    code, _ = house.run("audit", "verify")
    if code != 0:
        failures.append(f"audit verify after the injects: exit {code}")
    if killed < ROUNDS // 4 or not 0 < left < ROUNDS:
        failures.append(f"the kills hit nothing: {killed} killed, {left} left of {ROUNDS}")
    print(f"inject: {ROUNDS} rounds, {killed} killed, the secret had left in {left}")
    return failures


def kill_key_rotations(house):
    failures, killed, new_ones = [], 0, 0
    password = "kept-through-it-all"
    arguments, text = house.sealing("paper", password)
    house.run(*arguments, text=text)

    def generation():
        code, answer = house.run("verify", "--json")
        return json.loads(answer)["generation"] if code == 0 else None

    length = typical_seconds(lambda: house.run("key", "rotate"))
    before = generation()
    for turn in range(ROUNDS):
        killed += kill_after(house.start("key", "rotate"), random.uniform(0, 1.2 * length))
        after = generation()
        if after not in (before, before + 1):
            failures.append(f"key rotate {turn}: generation {after} after {before}")
            break
        new_ones += after != before
        before = after
        if house.password() != password:
            failures.append(f"key rotate {turn}: found '{house.password()}'")
    if killed < ROUNDS // 4 or not 0 < new_ones < ROUNDS:
        failures.append(f"the kills hit nothing: {killed} killed, {new_ones} new of {ROUNDS}")
    print(f"key rotate: {ROUNDS} rounds, {killed} killed, {new_ones} had a new data key")
    return failures


def write_at_once(house):
    processes = []
    for n in range(WRITERS):
        arguments, text = house.sealing(f"writer{n}", f"password-{n}")
        processes.append(house.start(*arguments, text=text))
    codes = [process.wait() for process in processes]
    failures = [f"writer {n}: exit {code}" for n, code in enumerate(codes) if code != 0]
    for n in range(WRITERS):
        if house.password(f"writer{n}") != f"password-{n}":
            failures.append(f"writer {n}: its update is lost")
    print(f"writers: {WRITERS} at once, {len(failures)} lost")
    return failures


def main():
    random.seed(SEED)
    print(f"seed {SEED}")
    house = House()
    passed = failed = 0
    for scenario in (kill_seals, kill_injects, kill_key_rotations, write_at_once):
        failures = scenario(house)
        for failure in failures[:10]:
            print("FAIL", failure)
        passed += not failures
        failed += bool(failures)
    house.remove()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
