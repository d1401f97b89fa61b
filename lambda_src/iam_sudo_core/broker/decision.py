"""One decision: an event becomes an answer or a refusal, and two audit lines.

The answer is credentials, an explanation, or the list of roles that may be simulated.

The lines are printed, which is how a function writes to its log: one when the request arrives, in
case the function is killed, and one with the decision, before anybody learns of it.

Where there are rules, who asks has to be proved. STS is asked for it while the role is read, and so
is the parameter that has the rules, if there is one. Nothing of what was read is used, or told,
before STS has answered.

A cold start compiles what it imports, so what a broker without rules does not need, and what tells
rather than grants, is imported where it is used.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..account.calls import Client, clients, clock, today
from ..credentials import Credentials
from ..errors import BrokerFailure, IamSudoError, RulesUnreadable
from .audit import AuditLine, malformed_rules
from .callers import Identity
from .request import ListRequest, Request, is_deep
from .rules import CallerRules, Rule
from .selection import RoleSelectionPolicy
from .settings import Settings
from .simulate import simulate
from .target import Note, Selection

if TYPE_CHECKING:
    from .explanation import Explanation
    from .listing import Listing
    from .proof import Proofs
    from .published import Published, PublishedRules

__all__ = ["clients", "decide", "proofs", "published_rules"]


def proofs(settings: Settings, sts: Client) -> Proofs | None:
    """What an instance of the broker knows of proofs; None where nobody has to prove anything."""
    if not settings.selection.asks_who:
        return None
    from ..account.identity import IdentityService  # noqa: PLC0415 - see above
    from .proof import Proofs  # noqa: PLC0415

    return Proofs(IdentityService(sts))


def published_rules(settings: Settings) -> PublishedRules | None:
    """What an instance knows of rules in a parameter; None, and no client, where there are none."""
    parameter = settings.selection.rules_parameter
    if not parameter:
        return None
    from ..account.parameters import parameters_client  # noqa: PLC0415 - see above
    from .published import PublishedRules  # noqa: PLC0415

    return PublishedRules(parameters_client(), parameter)


def decide(
    event: object,
    *,
    request_id: str,
    invoked: object = None,
    settings: Settings,
    iam: Client,
    sts: Client,
    proofs: Proofs | None = None,
    published: PublishedRules | None = None,
) -> dict[str, Any]:
    """The reply to an event: an STS credentials object, or an explanation or list if it asks.

    `invoked` is the ARN by which the function was invoked, for which a proof has to be.

    Raises:
        IamSudoError: a refusal, or a failure; its class is the `errorType` of the reply.
    """
    asked = None if is_deep(event) else event
    audit = AuditLine(request_id=request_id, event=asked, clock=clock)

    def log(published: Published) -> None:
        audit.note(rules_version=published.version)
        if published.problem:
            print(malformed_rules(published, request_id=request_id, now=clock()), flush=True)

    try:
        print(audit.asked(), flush=True)
        request = _request(event)
        with _selection(
            event, invoked, settings.selection, proofs, published, note=audit.note, log=log
        ) as selection:
            answer = _answer(request, selection, settings, iam=iam, sts=sts, note=audit.note)
    except IamSudoError as error:
        print(audit.refused(error), flush=True)
        raise
    except Exception as error:
        # The caller learns nothing of a defect but where to look, and the log where it was: what an
        # error of somebody else's says may hold a secret.
        traceback.print_tb(error.__traceback__, file=sys.stdout)
        print(type(error).__name__)
        failure = BrokerFailure(request_id=request_id)
        print(audit.refused(failure), flush=True)
        raise failure from None
    if isinstance(answer, Credentials):
        print(audit.granted(answer), flush=True)
    else:
        is_list = isinstance(request, ListRequest)
        print(audit.listed() if is_list else audit.explained(), flush=True)
    confirmed = request.confirmation() if isinstance(request, Request) else {}
    return {**answer.to_reply(), **confirmed}


def _request(event: object) -> Request | ListRequest:
    if isinstance(event, Mapping) and "list" in event:
        return ListRequest.parse(event)
    return Request.parse(event)


@contextmanager
def _selection(
    event: object,
    invoked: object,
    policy: RoleSelectionPolicy,
    proofs: Proofs | None,
    published: PublishedRules | None,
    *,
    note: Note,
    log: Callable[[Published], None],
) -> Iterator[RoleSelectionPolicy | CallerRules]:
    """What selects roles: for everybody, or for the caller, who is being asked for meanwhile."""
    if not policy.asks_who:
        yield policy
        return
    if proofs is None or not isinstance(event, Mapping):
        raise ValueError("there are rules, and nothing that looks at proofs")
    if policy.rules_parameter and published is None:
        raise ValueError("there are rules in a parameter, and nothing that reads it")
    from .proof import Proof, function_arn  # noqa: PLC0415 - see above

    now = clock()
    proof = Proof.parse(
        event.get("proof"), event=event, broker=function_arn(invoked), region=proofs.region, now=now
    )
    proofs.take(proof, now=now)

    def who() -> Identity:
        identity = proofs.identity(proof)
        note(caller=identity.arn)
        return identity

    with ThreadPoolExecutor(2) as pool:
        caller = pool.submit(who)
        if published is None:
            yield policy.of(caller.result)
        else:
            found = pool.submit(published.now)
            yield policy.of(caller.result, lambda: _in_force(found.result(), log=log))


def _in_force(published: Published, *, log: Callable[[Published], None]) -> tuple[Rule, ...]:
    log(published)
    if published.rules is None:
        raise RulesUnreadable(parameter=published.parameter, version=published.newest)
    return published.rules


def _answer(
    request: Request | ListRequest,
    selection: Selection | CallerRules,
    settings: Settings,
    *,
    iam: Client,
    sts: Client,
    note: Note,
) -> Credentials | Explanation | Listing:
    if isinstance(request, ListRequest):
        from .listing import list_selected  # noqa: PLC0415 - see above

        note(pattern_asked=request.pattern)
        listing = list_selected(request, selection=selection, iam=iam)
        note(roles_listed=len(listing.roles))
        return listing
    known: dict[str, Any] = {
        "selection": selection,
        "base_role": settings.base_role,
        "iam": iam,
        "note": note,
        "day": today() if settings.large_roles else None,
    }
    if not request.explain:
        return simulate(request, sts=sts, **known)
    from .explanation import explain  # noqa: PLC0415 - see above

    return explain(request, **known)
