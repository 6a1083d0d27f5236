"""The reference rate (*referensränta*) of räntelagen (1975:635) 9 §, by calendar half-year.

The rate is the Riksbank's policy rate at the end of the half-year before, rounded up to the nearest
half percentage point, so it changes on 1 January and 1 July only. A rate is valid for its own
half-year: what has not been announced is not known, and asking for it raises
`ReferenceRateMissingError`. A service that learns a new rate passes a longer table; nothing is ever
extrapolated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType


class ReferenceRateMissingError(LookupError):
    """No reference rate is known for the half-year that begins on `half_year`."""

    def __init__(self, half_year: date) -> None:
        super().__init__(f"no reference rate is known for the half-year from {half_year}")
        self.half_year = half_year


class ReferenceRateConflictError(ValueError):
    """A new row contradicts the rate already known for its half-year."""

    def __init__(self, half_year: date, known_bp: int, given_bp: int) -> None:
        super().__init__(f"half-year from {half_year}: {given_bp} bp contradicts {known_bp} bp")
        self.half_year = half_year
        self.known_bp = known_bp
        self.given_bp = given_bp


STEP_BP = 50
"""9 §: "avrundad uppåt till närmaste halva procentenhet"."""


def is_announceable(rate_bp: int) -> bool:
    """Say whether a reference rate can have this value: 9 § knows whole and half points only."""
    return rate_bp % STEP_BP == 0


@lru_cache(maxsize=4096)
def half_year_start(day: date) -> date:
    """Return 1 January or 1 July of the calendar half-year that holds the day."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


# House rule, no statute: how long before a half-year its rate is looked for. The announcement has
# come before the turn of the year (SFS 2023:954, SFS 2024:1373) and after it (SFS 2023:1).
TIME_TO_LOOK_AHEAD = timedelta(weeks=4)


def half_years_wanted(today: date) -> tuple[date, ...]:
    """Return the half-years whose rates are wanted: today's, and near its end the next one too."""
    soon = half_year_start(today + TIME_TO_LOOK_AHEAD)
    now = half_year_start(today)
    return (now,) if soon == now else (now, soon)


@dataclass(frozen=True, slots=True)
class ReferenceRates:
    """Reference rates in basis points by the first day of their half-year."""

    bp_by_half_year: Mapping[date, int]

    def __post_init__(self) -> None:
        for day in self.bp_by_half_year:
            if day != half_year_start(day):
                raise ValueError(f"a reference rate starts on 1 January or 1 July, not on {day}")
        frozen = MappingProxyType(dict(self.bp_by_half_year))
        object.__setattr__(self, "bp_by_half_year", frozen)

    def bp_on(self, day: date) -> int:
        """Return the rate valid on the day, in basis points; raises `ReferenceRateMissingError`."""
        half_year = half_year_start(day)
        try:
            return self.bp_by_half_year[half_year]
        except KeyError:
            raise ReferenceRateMissingError(half_year) from None

    def extended(self, bp_by_half_year: Mapping[date, int]) -> "ReferenceRates":
        """Return a longer table; raises `ReferenceRateConflictError` if a rate would change."""
        for half_year, given_bp in bp_by_half_year.items():
            known_bp = self.bp_by_half_year.get(half_year, given_bp)
            if known_bp != given_bp:
                raise ReferenceRateConflictError(half_year, known_bp, given_bp)
        return ReferenceRates({**self.bp_by_half_year, **bp_by_half_year})


@dataclass(frozen=True, slots=True)
class AnnouncedRate:
    """One row of the table: first day of the half-year, basis points, where it was read."""

    half_year: date
    rate_bp: int
    source: str


RIKSBANK = "Riksbanken, statistik, Referensräntan"
TWO_SOURCES = "two secondary sources that cite riksbank.se; the announcement in SFS was not read"

# Räntelagen (1975:635) 9 §, wording through SFS 2013:55. "SFS" is the official announcement
# (*tillkännagivande*).
ANNOUNCED_RATES = (
    AnnouncedRate(date(2002, 7, 1), 450, RIKSBANK),
    AnnouncedRate(date(2003, 1, 1), 400, RIKSBANK),
    AnnouncedRate(date(2003, 7, 1), 300, RIKSBANK),
    AnnouncedRate(date(2004, 1, 1), 300, RIKSBANK),
    AnnouncedRate(date(2004, 7, 1), 200, RIKSBANK),
    AnnouncedRate(date(2005, 1, 1), 200, RIKSBANK),
    AnnouncedRate(date(2005, 7, 1), 150, RIKSBANK),
    AnnouncedRate(date(2006, 1, 1), 150, RIKSBANK),
    AnnouncedRate(date(2006, 7, 1), 250, RIKSBANK),
    AnnouncedRate(date(2007, 1, 1), 300, RIKSBANK),
    AnnouncedRate(date(2007, 7, 1), 350, RIKSBANK),
    AnnouncedRate(date(2008, 1, 1), 400, RIKSBANK),
    AnnouncedRate(date(2008, 7, 1), 450, RIKSBANK),
    AnnouncedRate(date(2009, 1, 1), 200, "SFS 2009:2"),
    AnnouncedRate(date(2009, 7, 1), 50, "SFS 2009:891"),
    AnnouncedRate(date(2010, 1, 1), 50, RIKSBANK),
    AnnouncedRate(date(2010, 7, 1), 50, "SFS 2010:1041"),
    AnnouncedRate(date(2011, 1, 1), 150, "SFS 2011:1"),
    AnnouncedRate(date(2011, 7, 1), 200, "SFS 2011:941"),
    AnnouncedRate(date(2012, 1, 1), 200, "SFS 2012:1"),
    AnnouncedRate(date(2012, 7, 1), 150, "SFS 2012:533"),
    AnnouncedRate(date(2013, 1, 1), 100, "SFS 2013:1"),
    AnnouncedRate(date(2013, 7, 1), 100, "SFS 2013:698"),
    AnnouncedRate(date(2014, 1, 1), 100, RIKSBANK),
    AnnouncedRate(date(2014, 7, 1), 100, RIKSBANK),
    AnnouncedRate(date(2015, 1, 1), 0, "SFS 2015:3"),
    AnnouncedRate(date(2015, 7, 1), 0, "SFS 2015:519"),
    AnnouncedRate(date(2016, 1, 1), 0, RIKSBANK),
    AnnouncedRate(date(2016, 7, 1), -50, "SFS 2016:838"),
    AnnouncedRate(date(2017, 1, 1), -50, "SFS 2017:1"),
    AnnouncedRate(date(2017, 7, 1), -50, "SFS 2017:843"),
    AnnouncedRate(date(2018, 1, 1), -50, RIKSBANK),
    AnnouncedRate(date(2018, 7, 1), -50, RIKSBANK),
    AnnouncedRate(date(2019, 1, 1), -50, RIKSBANK),
    AnnouncedRate(date(2019, 7, 1), 0, "SFS 2019:550"),
    AnnouncedRate(date(2020, 1, 1), 0, "SFS 2020:1"),
    AnnouncedRate(date(2020, 7, 1), 0, RIKSBANK),
    AnnouncedRate(date(2021, 1, 1), 0, "9 §: policy rate 0 % on 2020-12-31; not read"),
    AnnouncedRate(date(2021, 7, 1), 0, "SFS 2021:773"),
    AnnouncedRate(date(2022, 1, 1), 0, "SFS 2022:1"),
    AnnouncedRate(date(2022, 7, 1), 50, "SFS 2022:1339"),
    AnnouncedRate(date(2023, 1, 1), 250, "SFS 2023:1"),
    AnnouncedRate(date(2023, 7, 1), 350, "SFS 2023:509"),
    AnnouncedRate(date(2024, 1, 1), 400, "SFS 2023:954"),
    AnnouncedRate(date(2024, 7, 1), 400, "SFS 2024:613"),
    AnnouncedRate(date(2025, 1, 1), 300, "SFS 2024:1373"),
    AnnouncedRate(date(2025, 7, 1), 200, "SFS 2025:809"),
    AnnouncedRate(date(2026, 1, 1), 200, TWO_SOURCES),
    AnnouncedRate(date(2026, 7, 1), 200, TWO_SOURCES),
)

REFERENCE_RATES = ReferenceRates({row.half_year: row.rate_bp for row in ANNOUNCED_RATES})
