"""What the demo printed, as a picture: `make demo ARGS=--record` writes docs/demo.svg.

It shows what was printed and no more than that: nothing is shortened, replaced or made up, and so
what would tell of this machine, or hold a key, is no picture but an error. The same words make the
same file, so a difference in it is one of the product. The picture needs nothing from elsewhere:
no font, no script, no address.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "demo.svg"
COLUMNS = 106

# IAM User Guide, "IAM identifiers": access key ids begin so. Secrets have no form; what shows one
# says its name before it, and tokens are long.
_KEYS = r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}|secret_?access_?key|session_?token|[\w+/=]{100,}"
_MACHINE = r"127\.0\.0\.1|localhost|https?://"

_THEME = TerminalTheme(
    background=(24, 26, 31),
    foreground=(204, 208, 214),
    normal=[
        *((24, 26, 31), (224, 108, 117), (139, 195, 104), (214, 180, 104)),
        *((105, 170, 230), (190, 132, 220), (96, 184, 192), (204, 208, 214)),
    ],
)
# The frame around the lines. Rich's own fetches a font from elsewhere, which a page that shows the
# picture would not do; each line has its width, so any monospaced font will do.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", \
monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" \
clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class NotForOthers(Exception):
    """What was printed has something that must not be published."""


class Recording:
    """A terminal that remembers: lines as they were printed, with the colours of a prompt."""

    def __init__(self) -> None:
        self._terminal = Console(
            record=True,
            width=COLUMNS,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            _environ={},  # the picture must not depend on who takes it
        )
        # By its command, before the terminal breaks lines: a key might be in two of them.
        self._printed: list[tuple[str, str]] = []

    def heading(self, text: str) -> None:
        self._print(f"\n{text}" if self._printed else text, style="bold")

    def step(self, title: str, *, command: str, printed: str) -> None:
        self._printed.append((command, printed))
        self._print(f"\n# {title}", style="cyan")
        self._print(f"$ {command}", style="bold green")
        self._print(printed)

    def save(self, path: Path = PICTURE) -> None:
        """Write the picture.

        Raises:
            NotForOthers: when a step tells of this machine, or may hold a key.
        """
        for command, printed in self._printed:
            if _private().search(printed):
                raise NotForOthers(
                    f"what `{command}` printed tells of this machine or may hold a key, so no "
                    "picture was written: print less in that step, or do not picture it"
                )
        picture = self._terminal.export_svg(
            title="make demo", theme=_THEME, code_format=_FORMAT, unique_id="demo"
        )
        # Lines end where their last character does; nobody's editor shall have to say so again.
        path.write_text("".join(f"{line.rstrip()}\n" for line in picture.splitlines()), "utf-8")

    def _print(self, text: str, style: str = "") -> None:
        # A Text is taken as it is: what a command prints has no markup.
        self._terminal.print(Text(text, style=style), overflow="fold", crop=False)


def _private() -> re.Pattern[str]:
    folders = (Path.home(), Path.cwd(), Path(__file__).parents[1], Path(tempfile.gettempdir()))
    # A home may be `/`, which says nothing of anybody.
    here = "|".join(re.escape(str(folder)) for folder in folders if len(folder.parts) > 1)
    return re.compile(f"{_KEYS}|{_MACHINE}|{here}", re.IGNORECASE)
