"""reaper.py - what tests of a bent clock do with reapers, which live on the real one."""

import contextlib
import os
import signal
import subprocess


def end_reaper(path):
    """End the reaper of the delivery at `path`, which is not needed there, and the delivery."""
    found = subprocess.run(["pgrep", "-f", os.path.basename(path)], stdout=subprocess.PIPE, check=False)
    for pid in found.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
