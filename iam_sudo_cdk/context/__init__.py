"""The choices of an application that is configured by context alone."""

from .choices import KEYS, Choices

__all__ = ["KEYS", "Choices"]
