"""What developers may give a session of a role besides its name: tags and a source identity.

Nothing, unless it is asked for. Session tags override the tags of the role (IAM User Guide, "Pass
session tags in AWS STS"), so they need a list of keys; `session_tag_keys` refuses the keys that a
role has or that its policies test. A source identity can be the one that the developer has already
and no other, so that nobody takes somebody else's name ("Monitor and control actions taken with
assumed roles").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidChoice

# IAM API Reference, "Tag": Key, with the prefix that is AWS's own.
_KEY_LENGTH = 128
_PUNCTUATION = "_.:/=+-@"
_NUMBERS_AND_SPACES = ("Nd", "Nl", "No", "Zs")  # separators of lines would spoil a message
_RESERVED = ("aws:", "iam-sudo:")

Conditions = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class SessionMarks:
    """The keys of the tags that a session may be given, and whether a source identity may be.

    Raises:
        InvalidChoice: a key that is a pattern, a token, nobody's to pass, or no key of a tag.
    """

    tag_keys: Sequence[str] = ()
    source_identity: bool = False

    def __post_init__(self) -> None:
        keys = self.tag_keys
        if not isinstance(keys, list | tuple):
            raise InvalidChoice(key="session_tag_keys", value=keys, allowed="a list of tag keys")
        for key in keys:
            if not is_tag_text(key, at_most=_KEY_LENGTH) or key.lower().startswith(_RESERVED):
                raise InvalidChoice(
                    key="session_tag_keys",
                    value=key,
                    allowed="keys of tags, each in full (no wildcards, no tokens), that do not "
                    f"begin with {' or '.join(_RESERVED)}",
                )
        if not isinstance(self.source_identity, bool):
            raise InvalidChoice(
                key="source_identity", value=self.source_identity, allowed="true, false"
            )

    def actions(self) -> Iterator[tuple[str, str, Conditions]]:
        """A name, the action, and under which conditions it is allowed."""
        if self.tag_keys:
            keys = list(dict.fromkeys(self.tag_keys))
            yield (
                "Tags",
                "sts:TagSession",
                {
                    # True of no keys as well, and then it would let in whatever is not a key of
                    # the request: hence the first Null. The second one: what a session passes on
                    # to the sessions after it is more than the role could.
                    "ForAllValues:StringEquals": {"aws:TagKeys": keys},
                    "Null": {"aws:TagKeys": "false", "sts:TransitiveTagKeys": "true"},
                },
            )
        if self.source_identity:
            own = {"sts:SourceIdentity": "${aws:SourceIdentity}"}
            yield "SourceIdentity", "sts:SetSourceIdentity", {"StringEquals": own}


def is_tag_text(text: object, *, at_most: int) -> bool:
    """Whether IAM takes a text as the key or the value of a tag, and takes it literally.

    Letters, digits, spaces and some punctuation (IAM API Reference, "Tag"): no wildcard, no policy
    variable, no token of the CDK.
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= at_most
        and all(
            c in _PUNCTUATION or c.isalpha() or unicodedata.category(c) in _NUMBERS_AND_SPACES
            for c in text
        )
    )
