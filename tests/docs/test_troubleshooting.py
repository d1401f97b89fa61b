"""docs/troubleshooting.md quotes messages that we really give."""

import re

from tests.docs.pages import ROOT, page

MESSAGES = re.findall(
    r"`([^`]+)`",
    "".join(re.findall(r"^\| (.*?) \|", page("docs/troubleshooting.md").text, re.MULTILINE)),
)
# What a message has from elsewhere: values, names and numbers, and what AWS says.
VALUES = re.compile(r'…|: |"[^"]*"|\b[\d,]+\b|eu-west-1|GetRole|IAM_SUDO_POLICY')


def test_every_message_is_one_that_we_give() -> None:
    source = "".join(
        file.read_text()
        for folder in ("lambda_src", "iam_sudo_client", "iam_sudo_cdk")
        for file in sorted((ROOT / folder).rglob("*.py"))
    )
    joined = re.sub(r'"\s*\n\s*f?"', "", source)  # literals that stand on several lines
    assert len(MESSAGES) > 15
    for message in MESSAGES:
        for part in VALUES.split(message):
            words = part.strip(" ;:")
            if len(words) > 3:
                assert words in joined, message
