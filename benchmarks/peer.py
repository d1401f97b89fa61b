"""A subprocess that answers every line of JSON with a line of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self


class PeerFailed(Exception):
    """A subprocess that is part of a measurement did not answer."""


class Peer:
    """`with Peer(command, …) as peer: peer.ask(…)`; it ends when its standard input does."""

    def __init__(
        self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def ask(self, question: object) -> Any:
        """Send one question, wait for its answer.

        Raises:
            PeerFailed: it ended instead; the message has the end of its log.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        answer = ""
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            pass
        if not answer:
            log = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            command = " ".join(map(str, self._process.args))  # type: ignore[arg-type]  # a list
            raise PeerFailed("\n".join([f"{command} gave no answer; its log:", *log[-20:]]))
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
