"""From the caller's own session to a role's credentials, or to an explanation: a module each way.

They import botocore, the core, `errors`, and of `report` what may be told, but neither `commands`
nor `ways_out`. Listed are the modules that others may use, not their names: who asks the broker
shall not wait for what reads roles. `denied_assume` and `trust_policy` are `assume`'s own.
"""

__all__ = ["assume", "broker", "local", "session"]
