"""From a role's credentials to whoever uses them: a command, a profile; a module each way.

They import `errors`, `shared_files` and the core's `Credentials`, and no botocore: what they hand
on may have come from anywhere. Listed are the modules that others may use.
"""

__all__ = [
    "command_environment",
    "credentials_file",
    "formats",
    "process_profile",
    "run_command",
    "writable_profile",
]
