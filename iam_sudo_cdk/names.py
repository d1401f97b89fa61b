"""The names that are fixed unless they are chosen: one each in an account, or account and region.

The client knows the first two by itself (`iam_sudo_client`), so that a developer need not say them.
"""

# Roles and policies are an account's.
BASE_ROLE_NAME = "IAMSudoUser"
DEVELOPER_POLICY_NAME = "iam-sudo-developers"
INVOKE_POLICY_NAME = "iam-sudo-invoke"
# Functions are a region's.
FUNCTION_NAME = "iam-sudo"
