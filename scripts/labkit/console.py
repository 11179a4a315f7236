"""What a person sees: one line a step, which moves while the step runs and says at its end how it went."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .shell import LabError

_TITLE_WIDTH = 12


class Steps:
    """Numbered steps on stdout.

        with steps.step("build") as progress:
            progress("12 of 80")
    """

    def __init__(self, total: int):
        self._total, self._number = total, 0
        self._live = sys.stdout.isatty()

    @contextlib.contextmanager
    def step(self, title: str):
        self._number += 1
        line = _Line(f"{dim(f'{self._number:2}/{self._total}')}  {title:<{_TITLE_WIDTH}}", self._live)
        try:
            yield line
        except BaseException:
            line.end(red("failed"))
            raise
        line.end()

    @staticmethod
    def tell(text: str = "") -> None:
        """Lines between the steps, set in below them."""
        print("\n".join(f"       {line}".rstrip() for line in text.splitlines()), flush=True)


class _Line:
    def __init__(self, head: str, live: bool):
        self._head, self._live, self._text, self._begin = head, live, "", time.monotonic()
        if not live:
            self._milestone = time.monotonic()
        self("...")

    def __call__(self, text: str) -> None:
        """Shows where the step is, in place of what it showed before."""
        self._text = text
        if self._live:
            room = shutil.get_terminal_size().columns - len(plain(self._head)) - 12
            print(f"\r\033[K{self._head}{text[:max(room, 10)]}", end="", flush=True)
        elif time.monotonic() - self._milestone > 30:  # a log file gets a sign of life twice a minute
            self._milestone = time.monotonic()
            print(f"{self._head}{text}", flush=True)

    def end(self, word: str = "") -> None:
        seconds = time.monotonic() - self._begin
        took = f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
        text = " ".join(filter(None, (self._text if self._text != "..." else "", word))) or "done"
        start = "\r\033[K" if self._live else ""
        print(f"{start}{self._head}{text}  {dim(took)}", flush=True)


def follow(progress, *command: str, log: Path, pattern: str, cwd: Path | None = None,
           env: dict[str, str] | None = None) -> list[str]:
    """Runs a long command, everything it prints into `log`; `progress` shows the last line's match of `pattern`
    (its groups joined by " of "). Returns its lines; LabError with the last of them where it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    with log.open("w", encoding="utf-8") as file, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", cwd=cwd, env=env) as process:
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                file.write(line)
                if found := re.search(pattern, line):
                    progress(" of ".join(found.groups()))
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise LabError(f"{' '.join(command)}: exit {process.returncode}; the whole log is in {log}\n"
                       + "\n".join(lines[-25:]))
    return lines


def build(progress, directory: Path, *options: str, targets: tuple[str, ...] = ()) -> None:
    """Configures (where that is needed) and builds the tree that this file is part of."""
    source = Path(__file__).resolve().parents[2]
    progress("cmake")
    follow(progress, "cmake", "-S", str(source), "-B", str(directory), "-G", "Ninja", "-DCMAKE_UNITY_BUILD=ON", *options,
           log=directory / "configure.log", pattern=r"^-- (Configuring|Generating) done")
    follow(progress, "ninja", "-C", str(directory), *targets, log=directory / "build.log", pattern=r"^\[(\d+)/(\d+)\]")


def _paint(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def bold(text: str) -> str:
    return _paint("1", text)


def dim(text: str) -> str:
    return _paint("2", text)


def green(text: str) -> str:
    return _paint("32", text)


def red(text: str) -> str:
    return _paint("31", text)


def plain(text: str) -> str:
    return re.sub(r"\033\[\d*[mK]", "", text)
