"""The progress bar of `make run`, as narrow terminals show it."""

import io

import pytest
from rich.console import Console

from deploy.story.telling import BAR_WIDTH, progress_bar

NEWS = "Bostadsrättsföreningen Gränby-Björkhagen pays Exempelmåleriet i Grönköping AB half " * 3


@pytest.mark.parametrize("width", [60, 80, 200])
def test_bar_day_and_time_stay_whole_and_the_news_is_cut(width: int) -> None:
    """On one line, whatever the news."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    progress = progress_bar(console)
    progress.add_task(NEWS, total=100, completed=50, day="2026-11-22")
    with console.capture() as shown:
        console.print(progress.get_renderable())
    (line,) = shown.get().splitlines()
    assert len(line) <= width
    assert line[:BAR_WIDTH].strip("━╸╺ ") == ""
    for whole in ("2026-11-22", "0:00:00", "…"):
        assert whole in line
