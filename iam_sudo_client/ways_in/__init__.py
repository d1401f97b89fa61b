"""From the caller's own session to a role's credentials, or to an explanation: a module each way.

They import botocore, the core, `errors`, `shared_files`, and of `report` and `waiting` what may be
told, but neither `commands` nor `ways_out`. Listed are the modules that others may use, not their
names: who asks the broker shall not wait for what reads roles, nor for a client. `denied_assume`
and `trust_policy` are `assume`'s own, `invoke` and `proof` the broker's, `terminal` that of who
looks for credentials; `failures` says what went wrong.
"""

__all__ = [
    "as_caller",
    "assume",
    "broker",
    "denial",
    "ended",
    "failures",
    "local",
    "roles",
    "session",
    "settings",
    "signin",
    "terminal",
]
