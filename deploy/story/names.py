"""Words of the story: trades with their articles, names of people, streets and towns.

Everything is made up. Prices are in öre without VAT; VAT is that of the trade (mervärdesskattelagen
(2023:200) 9 kap.: 25 %, 12 % for hotels and restaurants, 6 % for food, books, culture and passenger
transport; 0 for care, which is exempt).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Article:
    """Something a company sells. `quantity` is the most that one row has of it."""

    name: str
    unit: str
    price_ore: int
    vat_percent: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Trade:
    """A company's name and what it sells; `to_businesses` is the percentage of such customers."""

    name: str
    articles: tuple[Article, ...]
    to_businesses: int
    terms_days: int


TRADES = (
    Trade(
        "Björkviks Snickeri AB",
        (
            Article("Snickeriarbete", "tim", 62_000, 25, 24),
            Article("Trallvirke 28x120", "m", 4_900, 25, 120),
            Article("Resa", "st", 45_000, 25),
        ),
        20,
        30,
    ),
    Trade(
        "Lindås El & Larm AB",
        (
            Article("Elarbete", "tim", 69_500, 25, 12),
            Article("Laddbox 11 kW", "st", 895_000, 25),
            Article("Jordfelsbrytare", "st", 74_000, 25, 3),
        ),
        35,
        30,
    ),
    Trade(
        "Rör i Norr VVS AB",
        (
            Article("Rörarbete", "tim", 67_500, 25, 10),
            Article("Blandare kök", "st", 219_000, 25),
            Article("Jour, utryckning", "st", 195_000, 25),
        ),
        25,
        20,
    ),
    Trade(
        "Måleri Sandberg & Son HB",
        (
            Article("Målningsarbete", "tim", 52_000, 25, 40),
            Article("Väggfärg", "liter", 16_900, 25, 20),
        ),
        30,
        30,
    ),
    Trade(
        "Städhjälpen i Väst AB",
        (
            Article("Hemstädning", "tim", 42_000, 25, 8),
            Article("Fönsterputs", "st", 89_000, 25),
            Article("Kontorsstädning", "mån", 485_000, 25),
        ),
        50,
        14,
    ),
    Trade(
        "Tandläkarna vid Torget AB",
        (
            Article("Basundersökning", "st", 115_500, 0),
            Article("Lagning, en yta", "st", 138_000, 0, 3),
            Article("Tandstensborttagning", "st", 68_000, 0),
        ),
        0,
        14,
    ),
    Trade(
        "Veterinär Granholm AB",
        (
            Article("Konsultation", "st", 98_000, 25),
            Article("Vaccination hund", "st", 62_000, 25),
            Article("Akut operation", "st", 1_845_000, 25),
        ),
        5,
        10,
    ),
    Trade(
        "Bageri Kardemumma AB",
        (
            Article("Surdegsbröd", "st", 3_200, 6, 60),
            Article("Kardemummabullar", "st", 1_400, 6, 200),
            Article("Smörgåstårta", "st", 79_000, 6, 2),
        ),
        90,
        20,
    ),
    Trade(
        "Kustens Fiskgrossist AB",
        (
            Article("Laxfilé", "kg", 21_900, 6, 40),
            Article("Räkor", "kg", 18_500, 6, 30),
            Article("Leverans", "st", 35_000, 25),
        ),
        100,
        30,
    ),
    Trade(
        "Värdshuset Tallbacken AB",
        (
            Article("Konferenslunch", "st", 16_500, 12, 40),
            Article("Rum med frukost", "natt", 125_000, 12, 6),
            Article("Konferenssal", "dag", 390_000, 25),
        ),
        75,
        30,
    ),
    Trade(
        "Redovisningsbyrån Plus & Minus AB",
        (
            Article("Löpande bokföring", "mån", 325_000, 25),
            Article("Bokslut", "st", 1_450_000, 25),
            Article("Rådgivning", "tim", 115_000, 25, 4),
        ),
        100,
        20,
    ),
    Trade(
        "Fjärilns Förskola AB",
        (Article("Barnomsorg", "mån", 164_500, 0), Article("Matpeng", "mån", 48_000, 0)),
        0,
        30,
    ),
    Trade(
        "Norrskens Bilverkstad AB",
        (
            Article("Service", "st", 395_000, 25),
            Article("Bromsar fram", "st", 289_000, 25),
            Article("Verkstadsarbete", "tim", 119_000, 25, 6),
        ),
        30,
        10,
    ),
    Trade(
        "Parkering Centrum AB",
        (
            Article("Månadskort garage", "mån", 124_000, 25),
            Article("Laddning", "kWh", 340, 25, 180),
        ),
        40,
        30,
    ),
    Trade(
        "Gröna Fingrar Trädgård AB",
        (
            Article("Trädgårdsarbete", "tim", 48_500, 25, 16),
            Article("Häckklippning", "m", 8_500, 25, 60),
            Article("Bortforsling", "st", 120_000, 25),
        ),
        15,
        30,
    ),
    Trade(
        "Hyresbolaget Gjutaren AB",
        (
            Article("Lokalhyra", "mån", 1_275_000, 25),
            Article("Förrådshyra", "mån", 95_000, 25),
        ),
        70,
        30,
    ),
    Trade(
        "Bokförlaget Lärkan AB",
        (
            Article("Inbunden roman", "st", 18_900, 6, 30),
            Article("Skolbok", "st", 24_500, 6, 60),
            Article("Frakt", "st", 9_900, 25),
        ),
        80,
        30,
    ),
    Trade(
        "Byälvens Buss AB",
        (
            Article("Skolskjuts", "dag", 285_000, 6, 20),
            Article("Beställningsresa", "st", 1_150_000, 6),
        ),
        85,
        30,
    ),
    Trade(
        "Tryckeriet Svärtan AB",
        (
            Article("Broschyr 16 sidor", "st", 1_450, 25, 1000),
            Article("Visitkort", "st", 190, 25, 500),
            Article("Originalarbete", "tim", 89_000, 25, 5),
        ),
        95,
        30,
    ),
    Trade(
        "Kodverket Konsult AB",
        (
            Article("Systemutveckling", "tim", 112_000, 25, 80),
            Article("Drift och övervakning", "mån", 450_000, 25),
        ),
        100,
        30,
    ),
    Trade(
        "Flyttkarlarna Lång & Kort HB",
        (
            Article("Flytthjälp", "tim", 59_000, 25, 14),
            Article("Packmaterial", "st", 4_500, 25, 40),
            Article("Magasinering", "mån", 145_000, 25),
        ),
        20,
        14,
    ),
    Trade(
        "Optik Klarsikt AB",
        (
            Article("Synundersökning", "st", 49_500, 25),
            Article("Progressiva glas", "par", 489_000, 25),
            Article("Bågar", "st", 189_000, 25),
        ),
        5,
        20,
    ),
    Trade(
        "Musikskolan Crescendo AB",
        (
            Article("Pianolektioner, termin", "st", 345_000, 25),
            Article("Sånglektion", "st", 59_000, 25, 4),
            Article("Konsertbiljett", "st", 19_500, 6, 4),
        ),
        0,
        30,
    ),
    Trade(
        "Sjöbodens Båtvarv AB",
        (
            Article("Vinterförvaring", "st", 895_000, 25),
            Article("Motorservice", "st", 465_000, 25),
            Article("Varvsarbete", "tim", 72_000, 25, 20),
        ),
        15,
        30,
    ),
)

FIRST_NAMES = (
    "Alva", "Anders", "Anna", "Anton", "Astrid", "Axel", "Birgitta", "Björn", "Carina", "Daniel",
    "Ebba", "Elin", "Elsa", "Emil", "Erik", "Eva", "Fatima", "Filip", "Fredrik", "Greta", "Gustav",
    "Hanna", "Håkan", "Ida", "Ingrid", "Jasmin", "Johan", "Julia", "Karin", "Kerstin", "Klara",
    "Lars", "Leila", "Linnéa", "Lovisa", "Magnus", "Maja", "Maria", "Mohammed", "Nils", "Olle",
    "Oskar", "Per", "Petra", "Rasmus", "Sara", "Signe", "Sofia", "Stefan", "Tove", "Ulla", "Viktor",
    "Wilma", "Yasmine", "Åke", "Åsa", "Örjan",
)  # fmt: skip
LAST_NAMES = (
    "Ahlgren", "Andersson", "Berg", "Bergström", "Björk", "Blom", "Dahl", "Edlund", "Ek",
    "Eriksson", "Forsberg", "Fransson", "Gustafsson", "Hassan", "Hedlund", "Holm", "Håkansson",
    "Isaksson",
    "Jansson", "Johansson", "Karlsson", "Lind", "Lindqvist", "Lund", "Lundgren", "Löf", "Mattsson",
    "Månsson", "Nilsson", "Nordin", "Norén", "Nyström", "Olsson", "Persson", "Sandström", "Sjöberg",
    "Strand", "Sundqvist", "Svensson", "Söderberg", "Wallin", "Wikström", "Åberg", "Öberg",
)  # fmt: skip
BUSINESS_NAMES = (
    "Almtuna", "Bergshamra", "Brofästet", "Dalälven", "Eklunda", "Fiskeby", "Furulund",
    "Gamla Bruket", "Granlida", "Hamnkrogen", "Hjortens", "Hällefors", "Järnvägens", "Karlbergs",
    "Klippans",
    "Kungsgatans", "Kvarnens", "Lillåns", "Långsele", "Mellersta", "Nordens", "Nybro", "Pilängens",
    "Ringvägens", "Solgårdens", "Stenbrottets", "Strömsunds", "Södra Hamnens", "Tegelbrukets",
    "Vallda", "Vikens", "Västra Portens", "Åsens", "Ängelholms", "Östanå",
)  # fmt: skip
BUSINESS_KINDS = ("Fastigheter AB", "Livs AB", "Handel AB", "Bygg AB", "Kafé HB", "Måleri AB")
STREETS = (
    "Björkgatan", "Brunnsgatan", "Drottninggatan", "Ekvägen", "Fabriksgatan", "Granvägen",
    "Hamngatan", "Järnvägsgatan", "Kyrkogatan", "Linnégatan", "Mossvägen", "Nygatan", "Parkgatan",
    "Rönnvägen", "Skolgatan", "Storgatan", "Strandvägen", "Tallvägen", "Vasagatan", "Ängsvägen",
)  # fmt: skip
TOWNS = (
    ("11346", "Stockholm"), ("21139", "Malmö"), ("35230", "Växjö"), ("39231", "Kalmar"),
    ("41105", "Göteborg"), ("50331", "Borås"), ("58222", "Linköping"), ("65224", "Karlstad"),
    ("70210", "Örebro"), ("72211", "Västerås"), ("75310", "Uppsala"), ("79130", "Falun"),
    ("80311", "Gävle"), ("83130", "Östersund"), ("85230", "Sundsvall"), ("90325", "Umeå"),
    ("97231", "Luleå"),
)  # fmt: skip
