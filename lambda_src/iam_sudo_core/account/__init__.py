"""The one room that calls AWS: clients, reading roles, making carriers, assuming the base role.

It imports `session`, `policy`, the words that all rooms use, and boto3.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from . import calls
    from .assuming import AssumedRole, assume_unchanged, credentials
    from .calls import Client, clients
    from .carrying import Provided, is_denied, may_be_unseen, provide
    from .identity import IdentityService
    from .parameters import parameters_client, read_parameter
    from .patience import Patience
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

# For those who ask for a type, the names above are all that there are.
if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "AssumedRole": "assuming",
            "Client": "calls",
            "IdentityService": "identity",
            "Patience": "patience",
            "Provided": "carrying",
            "assume_unchanged": "assuming",
            "calls": None,
            "clients": "calls",
            "credentials": "assuming",
            "is_denied": "carrying",
            "list_roles": "reading",
            "may_be_unseen": "carrying",
            "parameters_client": "parameters",
            "provide": "carrying",
            "read_documents": "reading",
            "read_parameter": "parameters",
            "read_role": "reading",
            "read_tags": "reading",
            "read_whole": "reading",
        },
    )
