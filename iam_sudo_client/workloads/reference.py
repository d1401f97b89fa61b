"""How a workload is named: `TYPE:NAME`, or its ARN as people paste it from the console.

Nothing is looked up here. What cannot be a name is refused before anybody is asked.
Sources of the forms: the names in the API references of Amazon ECS, AWS Lambda, AWS CloudFormation,
Amazon EC2 and AWS Step Functions; Service Authorization Reference for the ARNs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from iam_sudo_client.errors import InvalidOption
from iam_sudo_core.errors import quoted

# By type: the form as it is shown, and what fits it.
FORMS = {
    "ecs": ("CLUSTER/SERVICE", re.compile(r"[\w-]{1,255}/[\w-]{1,255}", re.ASCII)),
    "task-definition": ("FAMILY[:REVISION]", re.compile(r"[\w-]{1,255}(?::\d+)?", re.ASCII)),
    "lambda": ("FUNCTION[:ALIAS]", re.compile(r"[\w-]{1,140}(?::[\w$-]{1,128})?", re.ASCII)),
    "stack": ("STACK/LOGICAL_ID", re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}(?:/[^/\x00-\x1f]+)+")),
    "ec2": ("INSTANCE_ID", re.compile(r"i-[0-9a-f]{8,17}")),
    "state-machine": ("NAME", re.compile(r"[^\x00-\x20\x7f-\x9f<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}")),
}
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<rest>.+)"
)
# Of an ARN's last part: the type that it is, and its name.
_RESOURCES = (
    ("ecs", "ecs", re.compile(r"service/([^/]+/[^/]+)")),
    ("ecs", "task-definition", re.compile(r"task-definition/(.+)")),
    ("lambda", "lambda", re.compile(r"function:(.+)")),
    ("cloudformation", "stack", re.compile(r"stack/([^/]+)/[0-9a-f-]{36}(/.+)")),
    ("ec2", "ec2", re.compile(r"instance/(.+)")),
    ("states", "state-machine", re.compile(r"stateMachine:([^:]+)")),
)


@dataclass(frozen=True)
class Workload:
    """What runs as a role. `region` and `account` are those of an ARN, else empty."""

    kind: str
    name: str
    region: str = ""
    account: str = ""

    @classmethod
    def parse(cls, text: str) -> Workload:
        """The workload that `--role-of` names.

        Raises:
            InvalidOption: it names none; says which forms there are.
        """
        kind, colon, name = text.partition(":")
        pasted = text if kind == "arn" else name if name.startswith("arn:") else ""
        if pasted:
            found = _of_arn(pasted)
            if found is None or kind not in ("arn", found.kind):
                of = "" if kind == "arn" else f" of type {kind}"
                raise InvalidOption(
                    f"--role-of {quoted(text)} is no ARN of a workload{of}; give {_FORMS_SHOWN}, "
                    "or a role's ARN by --role-name"
                )
            return found
        if not colon or kind not in FORMS:
            what = f"has no type {quoted(kind)}" if colon else "has no type"
            raise InvalidOption(f"--role-of {quoted(text)} {what}; give {_FORMS_SHOWN}")
        form, pattern = FORMS[kind]
        if not pattern.fullmatch(name):
            raise InvalidOption(f"--role-of {quoted(text)} is not of the form {kind}:{form}")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


_FORMS_SHOWN = ", ".join(f"{kind}:{form}" for kind, (form, _) in FORMS.items())


def _of_arn(text: str) -> Workload | None:
    if not (arn := _ARN.fullmatch(text)):
        return None
    for service, kind, resource in _RESOURCES:
        found = resource.fullmatch(arn["rest"])
        if service == arn["service"] and found:
            name = "".join(found.groups())
            if FORMS[kind][1].fullmatch(name):
                return Workload(kind, name, arn["region"], arn["account"])
    return None
