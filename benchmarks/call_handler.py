"""Run a Lambda handler for every event on standard input; say how long each took.

Run as `call_handler.py HANDLER FUNCTION_ARN` by the Python of either side, so it imports the
standard library alone. The first answer counts from before the handler's import: the cold start.
What the handler prints goes to standard error, as in Lambda it goes to the log.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module


class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self, function_arn: str) -> None:
        self.invoked_function_arn = function_arn


def main() -> None:
    context = Context(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, function = sys.argv[1].rpartition(".")
    for line in sys.stdin:
        started = time.perf_counter()
        handler = getattr(import_module(module), function)
        reply = handler(json.loads(line), context)
        elapsed = time.perf_counter() - started
        print(json.dumps({"seconds": elapsed, "keys": sorted(reply)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
