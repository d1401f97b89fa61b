"""An application that is configured by the CDK's context alone, as `app.py` is: keys and values.

It may import everything of the library; nothing of the library imports it.
"""

from .choices import KEYS, Choices

__all__ = ["KEYS", "Choices"]
