"""What the value of a property refers to: resources of the application, and names as text.

The CDK is asked for the very construct that a reference stands for, since logical ids are the same
in stacks of one shape. Followed are functions that make texts, both branches of `Fn::If`, exports,
and parameters and outputs of nested stacks. Overrides (`add_property_override`) are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .cdk_insides import has_token, identity, properties_of
from .intrinsics import is_intrinsic, is_undecided, rendered, told_apart
from .marks import MARK, Marks
from .resources import member, resources

_ONE_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
# A text that is one reference, or an ARN that ends with one (and, of a function, a qualifier).
_REFERENCE = re.compile(r"(?:arn:[^<>]*[:/])?<(?P<what>[^<>]+)>(?::[^<>]*)?")
# What templates refer to by a logical id that the CDK did not write.
_REFERABLE = (
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Serverless::Function",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
)
# A parameter that has the value of a parameter, and so on.
_HOPS = 8


@dataclass
class Referred:
    """What a value refers to, by identity; texts that are names or ARNs; and if that is not all."""

    constructs: dict[object, IConstruct] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    is_undecided: bool = False


class References:
    """How the resources below `root`, an application or a stage, refer to one another by now."""

    def __init__(self, root: IConstruct) -> None:
        self._root = root
        self._tokens: dict[str, cdk.IResolvable] = {}
        self._logical_ids: dict[object, dict[str, IConstruct]] = {}

    def foresee(self, values: Iterable[object]) -> None:
        """Look up at once what will be asked for: two round trips, where each would be one."""
        texts = [each for each in values if isinstance(each, str) and _ONE_TOKEN.fullmatch(each)]
        if texts:
            tokens = cdk.Tokenization.reverse_string("".join(texts)).tokens
            self._tokens |= dict(zip(texts, tokens, strict=True))

    def of_property(self, properties: Mapping[str, Any], path: str, scope: IConstruct) -> Referred:
        """What a property of `scope` refers to; `path` goes through objects and lists."""
        found = Referred()
        for value, marks in _leaves(properties, path.split("."), scope, None):
            if marks is None:
                self._follow(value, scope, found, hops=0)
            else:
                self._read(value, marks, scope, found, hops=0)
        return found

    def _follow(self, value: Any, scope: IConstruct, found: Referred, *, hops: int) -> None:
        if isinstance(value, str) and _ONE_TOKEN.fullmatch(value):
            token = self._tokens.get(value) or cdk.Tokenization.reverse(value)
            if isinstance(token, cdk.Reference):
                self._arrive(token, found, hops=hops)
                return
        marks = Marks()
        self._read(marks.resolved(value, scope), marks, scope, found, hops=hops)

    def _arrive(self, reference: cdk.Reference, found: Referred, *, hops: int) -> None:
        target = reference.target
        if isinstance(target, cdk.CfnParameter) and hops < _HOPS:
            self._from_the_stack_around(target, found, hops=hops + 1)
        elif isinstance(target, cdk.CfnStack) and hops < _HOPS:
            output = reference.display_name.partition("Outputs.")[2]
            self._from_the_nested_stack(target, output, found, hops=hops + 1)
        else:
            found.constructs[identity(target)] = target

    def _from_the_stack_around(
        self, parameter: cdk.CfnParameter, found: Referred, *, hops: int
    ) -> None:
        stack = cdk.Stack.of(parameter)
        nested = stack.nested_stack_resource
        if nested is None:
            found.is_undecided = True
            return
        name = str(stack.resolve(parameter.logical_id))
        for value, marks in _leaves(properties_of(nested), ["Parameters", name], nested, None):
            if marks is None:
                self._follow(value, nested, found, hops=hops)
            else:
                self._read(value, marks, nested, found, hops=hops)

    def _from_the_nested_stack(
        self, resource: cdk.CfnStack, output: str, found: Referred, *, hops: int
    ) -> None:
        for each in self._outputs:
            stack = cdk.Stack.of(each)
            nested = stack.nested_stack_resource
            if (
                nested is not None
                and identity(nested) == identity(resource)
                and stack.resolve(each.logical_id) == output
            ):
                self._follow(each.value, each, found, hops=hops)
                return
        found.is_undecided = True

    def _from_an_export(
        self, name: object, scope: IConstruct, found: Referred, *, hops: int
    ) -> None:
        here = cdk.Stack.of(scope)
        wanted = _exported(name, here)
        exporting = [
            each
            for each in self._outputs
            if (stack := cdk.Stack.of(each)).environment == here.environment
            and each.export_name
            and not is_undecided(wanted)
            and _exported(stack.resolve(each.export_name), stack) == wanted
        ]
        if not exporting or hops >= _HOPS:
            found.is_undecided = True
        for each in exporting[:_HOPS]:
            self._follow(each.value, each, found, hops=hops + 1)

    @cached_property
    def _outputs(self) -> list[cdk.CfnOutput]:
        return [each for each in self._root.node.find_all() if isinstance(each, cdk.CfnOutput)]

    def _read(
        self, value: Any, marks: Marks, scope: IConstruct, found: Referred, *, hops: int
    ) -> None:
        """Go on with a resolved value, in which references are marks."""
        match value:
            case None | {"Ref": "AWS::NoValue"}:
                return
            case {"Fn::If": [_, *branches]} | [*branches]:
                for each in branches:
                    self._read(each, marks, scope, found, hops=hops)
            case {"Fn::Select": [int() | str() as index, [*items]]} if str(index).isdigit():
                for each in items[int(index) : int(index) + 1]:
                    self._read(each, marks, scope, found, hops=hops)
            case {"Fn::ImportValue": name}:
                self._from_an_export(name, scope, found, hops=hops)
            case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_] | str(id_)}:
                self._by_logical_id(id_, scope, found)
            case _:
                self._text(value, marks, scope, found, hops=hops)

    def _text(
        self, value: object, marks: Marks, scope: IConstruct, found: Referred, *, hops: int
    ) -> None:
        reference = _REFERENCE.fullmatch(str(rendered(value, told_apart)))
        if reference is None:
            written = marks.as_in_the_template(value, cdk.Stack.of(scope))
            found.texts.add(str(rendered(written, told_apart)))
        elif reference["what"].startswith(MARK):
            number = int(reference["what"].removeprefix(MARK))
            self._arrive(marks.references[number], found, hops=hops)
        else:
            self._by_logical_id(reference["what"], scope, found)

    def _by_logical_id(self, id_: str, scope: IConstruct, found: Referred) -> None:
        stack = cdk.Stack.of(scope)
        key = identity(stack)
        if key not in self._logical_ids:
            below = resources(stack, *_REFERABLE)  # those of nested stacks as well
            here = [each for each in below if identity(cdk.Stack.of(each)) == key]
            ids = stack.resolve([each.logical_id for each in here])  # type: ignore[attr-defined]
            self._logical_ids[key] = dict(zip(ids or [], here, strict=True))
        target = self._logical_ids[key].get(id_.partition(".")[0])
        if target is None:
            found.is_undecided = True
        else:
            found.constructs[identity(target)] = target


def _leaves(
    value: Any, path: Sequence[str], scope: IConstruct, marks: Marks | None
) -> Iterator[tuple[Any, Marks | None]]:
    """What is at the end of a path, and the marks in it, if it had to be resolved on the way."""
    if value is None:
        return
    if not path and not isinstance(value, list):
        yield value, marks
        return
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each, path, scope, marks)
    elif isinstance(value, Mapping) and not is_intrinsic(value):
        yield from _leaves(member(value, path[0]), path[1:], scope, marks)
    elif isinstance(value, Mapping) and "Fn::If" in value:
        yield from _leaves(value["Fn::If"][1:], path, scope, marks)
    elif marks is None and not (isinstance(value, str) and not has_token(value)):
        marks = Marks()
        yield from _leaves(marks.resolved(value, scope), path, scope, marks)


def _exported(name: object, stack: cdk.Stack) -> str:
    """The name of an export as text, as far as synthesis knows it."""
    text = str(rendered(name))
    return (
        text if has_token(stack.stack_name) else text.replace("<AWS::StackName>", stack.stack_name)
    )
