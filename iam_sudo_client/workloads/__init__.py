"""From a workload to its role, and to the environment that it runs in, by the caller's own reads.

`reference` is how a workload is named, `roles` whose role that is, `environment` what one of its
containers is given. They import botocore, the core, `errors`, `waiting`, and of `ways_in` the
caller's session and what failures mean; which way leads to credentials they are told. `asking` and
`stacks` are `roles`' own, `reading` and `secrets` `environment`'s. Listed are the modules that
others may use.
"""

__all__ = ["environment", "reference", "roles"]
