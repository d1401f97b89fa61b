"""The one room that calls AWS: clients, reading roles, making carriers, assuming the base role.

It imports `session`, `policy`, the words that all rooms use, and boto3.
"""

from . import calls
from .assuming import AssumedRole, assume_unchanged, credentials
from .calls import Client, clients
from .carrying import Patience, Provided, is_denied, may_be_unseen, provide
from .identity import IdentityService
from .parameters import parameters_client, read_parameter
from .reading import list_roles, read_documents, read_role, read_tags, read_whole

__all__ = [
    "AssumedRole",
    "Client",
    "IdentityService",
    "Patience",
    "Provided",
    "assume_unchanged",
    "calls",
    "clients",
    "credentials",
    "is_denied",
    "list_roles",
    "may_be_unseen",
    "parameters_client",
    "provide",
    "read_documents",
    "read_parameter",
    "read_role",
    "read_tags",
    "read_whole",
]
