"""What the container runs: it says what it was given, and who it is, and waits for work.

Its variables are those of the task definition in ../app.py. A secret is never printed.
"""

import os
import time

# Set by Amazon ECS, and by nothing else: in a task it stays, on a laptop it ends.
IN_A_TASK = "ECS_CONTAINER_METADATA_URI_V4" in os.environ

for name in ("STAGE", "CURRENCY", "DATABASE_USER"):
    print(f"{name}={os.environ[name]}")
print(f"DATABASE_PASSWORD={'*' * len(os.environ['DATABASE_PASSWORD'])}", flush=True)
while IN_A_TASK:
    time.sleep(60)
