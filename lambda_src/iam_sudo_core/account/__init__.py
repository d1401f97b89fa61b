"""The one room that calls AWS: clients, reading roles, assuming the base role.

It imports `session`, `policy`, the words that all rooms use, and boto3.
"""

from . import calls
from .assuming import AssumedRole, assume_unchanged, credentials
from .calls import Client, clients
from .identity import IdentityService
from .parameters import parameters_client, read_parameter
from .reading import list_roles, read_documents, read_role, read_tags, read_whole

__all__ = [
    "AssumedRole",
    "Client",
    "IdentityService",
    "assume_unchanged",
    "calls",
    "clients",
    "credentials",
    "list_roles",
    "parameters_client",
    "read_documents",
    "read_parameter",
    "read_role",
    "read_tags",
    "read_whole",
]
