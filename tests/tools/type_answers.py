#!/usr/bin/python3
"""Run a command on a terminal of its own and type answers at its prompts.

usage: type_answers.py ANSWER... -- COMMAND...

Each answer is typed once a prompt (": " at the end of what was printed) is there, as a person
would. What the terminal showed goes to stdout; the exit status is the command's.
"""

import os
import pty
import select
import sys
import time

DEADLINE_SECONDS = 20


def main():
    cut = sys.argv.index("--")
    answers, command = sys.argv[1:cut], sys.argv[cut + 1 :]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    end = time.monotonic() + DEADLINE_SECONDS
    shown, unanswered = b"", b""
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            if answers and unanswered.endswith(b": "):
                os.write(terminal, answers.pop(0).encode() + b"\n")
                unanswered = b""
            continue
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # the command has closed the terminal
            break
        if not chunk:
            break
        shown += chunk
        unanswered += chunk
    else:
        os.kill(child, 9)
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
