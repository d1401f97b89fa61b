"""Answer every event on standard input with the command's proof of who this process is.

Run as `python -m benchmarks.prove_events FUNCTION_ARN REGION`.
"""

from __future__ import annotations

import json
import os
import sys

from iam_sudo_client.ways_in.proof import proof
from iam_sudo_client.ways_in.session import CallerSession


def main() -> None:
    broker, region = sys.argv[1:]
    caller = CallerSession(os.environ)
    for line in sys.stdin:
        print(json.dumps(proof(caller, json.loads(line), broker=broker, region=region)), flush=True)


if __name__ == "__main__":
    main()
