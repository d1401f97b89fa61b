"""The `iam-sudo` command, over the core; of the constructs it knows nothing.

`cli` gathers the commands of `commands`; these get credentials by a way in and hand them on by a
way out, or by an `endpoint` that renews them; `cache` keeps them, `settings` are what was written
down, and `workloads` find a workload's role and variables. They say what they do by `report`,
`waiting` and `errors`, which know no room; nor does `shared_files`, which reads the two files of
AWS tools. So no room imports one above it (`workloads` stands on `ways_in`), and the two ways and
the endpoint do not know each other.
"""

__all__ = ["cli"]
