"""Resolve values so that it can still be told which construct each reference in them stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .cdk_insides import identity
from .intrinsics import rendered, told_apart

MARK = "ref-"
_MARKED = re.compile(rf"<{MARK}(\d+)>")


class Joined(cdk.StringConcat):
    """Texts with intrinsic functions in them, as templates have them."""

    def join(self, left: Any = None, right: Any = None) -> Any:
        parts = [part for part in (left, right) if part is not None]
        if all(isinstance(part, str) for part in parts):
            return "".join(parts)
        return {"Fn::Join": ["", parts]}


class Marks(cdk.DefaultTokenResolver):
    """Resolves values, with a mark in the place of each reference to a part of a template."""

    def __init__(self) -> None:
        super().__init__(Joined())
        self.references: list[cdk.Reference] = []

    def resolved(self, value: Any, scope: IConstruct) -> Any:
        whole = cdk.Tokenization.resolve(
            {"value": value}, scope=scope, resolver=self, preparing=False
        )
        return (whole or {}).get("value")

    def as_in_the_template(self, value: Any, stack: cdk.Stack) -> Any:
        """A value with references in it, as the template of `stack` has them, rendered.

        Marks of other stacks' resources stay: their logical ids may be those of others here.
        """

        def written(found: re.Match[str]) -> str:
            reference = self.references[int(found[1])]
            if identity(cdk.Stack.of(reference.target)) != identity(stack):
                return found[0]
            value = stack.resolve(reference)
            # In a text of `Fn::Sub` it is a variable.
            value = {"Fn::Sub": value} if isinstance(value, str) else value
            return str(rendered(value, told_apart))

        if isinstance(value, list):
            return [self.as_in_the_template(each, stack) for each in value]
        if isinstance(value, Mapping):
            return {key: self.as_in_the_template(each, stack) for key, each in value.items()}
        return _MARKED.sub(written, value) if isinstance(value, str) else value

    def resolve_token(
        self, t: cdk.IResolvable, context: cdk.IResolveContext, post_processor: cdk.IPostProcessor
    ) -> Any:
        # A pseudo parameter is a reference as well, to something that is no part of a template.
        if isinstance(t, cdk.Reference) and isinstance(t.target, cdk.CfnElement):
            self.references.append(t)
            return f"<{MARK}{len(self.references) - 1}>"
        return super().resolve_token(t, context, post_processor)
