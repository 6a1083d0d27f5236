"""The story of `make run`: its progress bar on narrow terminals, and how long it is wished."""

import io

import pytest
from rich.console import Console

from deploy.local.processes import LaunchError
from deploy.story.telling import BAR_WIDTH, INVOICES, progress_bar, wanted_invoices

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


def test_the_storys_length_is_a_number_or_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, wanted in (("", INVOICES), ("0", 0), ("40", 40)):
        monkeypatch.setenv("BETALT_STORY", given)
        assert wanted_invoices() == wanted
    for nonsense in ("abc", "-1", "²"):
        monkeypatch.setenv("BETALT_STORY", nonsense)
        with pytest.raises(LaunchError, match="BETALT_STORY must be a number"):
            wanted_invoices()
