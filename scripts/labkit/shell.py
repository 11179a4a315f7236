"""Running commands, and waiting for what must become true."""

import shlex
import subprocess
import time


class LabError(Exception):
    """Something of the lab is not as it must be; the text says what, and where to look."""


def run(*command: str, timeout: float = 60, check: bool = True, stdin: str | None = None,
        env: dict[str, str] | None = None) -> str:
    """Runs a command and returns what it printed on stdout; LabError with its stderr where it fails."""
    done = attempt(*command, timeout=timeout, stdin=stdin, env=env)
    if check and done.returncode != 0:
        raise LabError(f"{shlex.join(command)}: exit {done.returncode}\n{done.stderr or done.stdout}".rstrip())
    return done.stdout


def attempt(*command: str, timeout: float = 60, stdin: str | None = None,
            env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs a command whose failure is an answer too."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, input=stdin or "",
                              env=env, check=False)
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{shlex.join(command)}: no end after {timeout:g} s\n{late.stderr or ''}") from late
    except FileNotFoundError as absent:
        raise LabError(f"{command[0]}: not found; scripts/install-dependencies installs what a lab needs") from absent


def wait_until(what: str, condition, timeout: float = 10, interval: float = 0.02):
    """Asks `condition` until its answer is true (and returns that answer); LabError after `timeout` seconds.

    `what` completes the sentence "waited N s for ..."; a condition that raises LabError is asked again, and its
    last complaint is part of the error.
    """
    deadline = time.monotonic() + timeout
    while True:
        complaint = ""
        try:
            if answer := condition():
                return answer
        except LabError as error:
            complaint = f": {error}"
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout:g} s for {what}{complaint}")
        time.sleep(interval)
