"""One list of the names by which files call what is read from them: columns of tables, attributes of graphs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from twinhop.errors import InputError
from twinhop.scenario.column_expression import choices
from twinhop.text import suggestion

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "name", "label", "fid", "osmid", "node_id", "nodeId"),
    "user": (
        *("user", "user_id", "uid", "person", "person_id", "agent", "agent_id", "trajectory_id", "traj_id", "tid"),
        *("trip_id", "track_id", "vehicle", "vehicle_id", "vehID", "device_id", "taxi_id", "individual", "trackId"),
        *("person_number", "customer_id", "customer_no", "customer_number", "subscriber_id", "ue_id", "imsi"),
        *("client_id", "kunden_id", "kunden_nr", "kundennummer", "nutzer_id", "teilnehmernummer", "geräte_id"),
        *("geraete_id",),
    ),
    "station": (
        *("station", "station_id", "site_id", "site", "cell", "cell_id", "tower_id", "bs_id", "enb_id", "gnb_id"),
        *("base_station", "base_station_id", "site_code", "site_no", "site_number", "mast_id", "nodeb_id"),
        *("enodeb_id", "gnodeb_id", "standort_id", "standort_nr", "standortnummer", "standortkennung", "zell_id"),
        *("bescheinigungsnummer", "standortbescheinigungsnummer", "stob_nr"),
    ),
    "time": (
        *("time_s", "time", "t", "timestamp", "datetime", "date_time", "tracked_at", "started_at", "recorded_at"),
        *("time_stamp", "epoch", "unix_time", "ts", "check-in_time"),
    ),
    "x_m": ("x_m", "x_metres", "x_meters", "pos_x_m"),
    "y_m": ("y_m", "y_metres", "y_meters", "pos_y_m"),
    "x": (
        *("x", "pos_x", "coord_x", "x_coord", "easting", "eastings", "utm_e", "utm_east", "utm_x", "rechtswert"),
        *("ostwert", "x_koordinate", "koordinate_x", "x_coordinate"),
    ),
    "y": (
        *("y", "pos_y", "coord_y", "y_coord", "northing", "northings", "utm_n", "utm_north", "utm_y", "hochwert"),
        *("nordwert", "y_koordinate", "koordinate_y", "y_coordinate"),
    ),
    "lat": (
        *("lat", "latitude", "lat_deg", "latitude_deg", "lat_wgs84", "location_lat", "gps_lat", "decimal_latitude"),
        *("latitude_decimal", "wgs_latitude", "wgs84_latitude", "latitude_wgs84", "wgs84_lat", "latdec", "lat_dec"),
        *("lat_dd", "site_lat", "site_latitude", "latitude_degrees", "breite", "breitengrad", "geografische_breite"),
        *("geographische_breite", "geogr_breite", "geo_breite", "breite_wgs84", "wgs84_breite", "breite_deg"),
        *("breite_grad", "breitengrad_wgs84", "y_wgs84"),
    ),
    "lon": (
        *("lon", "lng", "long", "longitude", "lon_deg", "longitude_deg", "lon_wgs84", "location_long", "gps_lon"),
        *("location_lon", "location_lng", "decimal_longitude", "longitude_decimal", "wgs_longitude"),
        *("wgs84_longitude", "longitude_wgs84", "wgs84_lon", "londec", "lon_dec", "lon_dd", "site_lon", "site_long"),
        *("site_longitude", "longitude_degrees", "länge", "laenge", "längengrad", "laengengrad"),
        *("geografische_länge", "geographische_länge", "geografische_laenge", "geographische_laenge", "geogr_länge"),
        *("geo_länge", "geo_laenge", "länge_wgs84", "laenge_wgs84", "wgs84_länge", "länge_deg", "geogr_laenge"),
        *("länge_grad", "laenge_grad", "längengrad_wgs84", "x_wgs84"),
    ),
    "altitude": ("altitude", "alt", "ele", "elevation", "height", "z", "z_m"),
    "speed": ("speed_mps", "speed", "velocity", "v"),
    "heading": ("heading", "heading_deg", "course", "bearing", "direction", "angle"),
    "host": ("host", "is_host", "hosts"),
    "cpu_gcycles_per_s": ("cpu_gcycles_per_s", "cpu_gcycle_per_s", "cpu_ghz", "cpu"),
    "capacity_users": (
        *("capacity_users", "capacity", "max_users", "seats", "max_nutzer", "plätze", "kapazität", "kapazität_nutzer"),
        *("capacité", "capacidad"),
    ),
    "opening_s": ("opening_s", "opening_cost_s"),
    "cost_per_month": (
        *("cost_per_month", "monthly_cost", "rent_per_month", "monthly_rent", "rent", "kosten_pro_monat"),
        *("monatskosten", "miete", "monatsmiete", "miete_pro_monat", "loyer", "loyer_mensuel", "cout_mensuel"),
        *("alquiler", "costo_mensual", "affitto", "canone_mensile"),
    ),
    "history_mbit": ("history_mbit",),
    "update_mbit": ("update_mbit",),
    "deadline_ms": ("deadline_ms",),
    "tx_power_w": ("tx_power_w",),
    "class": ("class", "user_class", "klasse", "nutzerklasse"),
    "weight": ("weight", "count", "users", "user_count", "population", "subscribers", "anzahl", "einwohner"),
    "load_profile": ("load_profile",),
    "rate_mbps": ("rate_mbps", "bandwidth_mbps", "capacity_mbps"),
    "rate_bps": ("LinkSpeedRaw",),
    "delay_ms": ("delay_ms", "latency_ms"),
    "source": ("a", "source", "src", "from", "u"),
    "target": ("b", "target", "dst", "to", "v"),
}
"""Quantity to names, the one of twinhop's own files first; case, blanks, `_` and `-` make no difference."""

NOUNS = {
    "user": (
        "customer",
        "subscriber",
        "client",
        "ue",
        "device",
        "kunde",
        "nutzer",
        "teilnehmer",
        "gerät",
        "geraet",
        "fahrzeug",
    ),
    "station": (
        *("tower", "mast", "nodeb", "enodeb", "gnodeb", "standort", "funkzelle", "zelle", "basisstation", "sendemast"),
    ),
}
"""What people call the things themselves, looked for where no column says that it is an id."""
GIVEN_NAMES = {
    "user": ("user_name", "username", "customer_name", "kundenname", "nutzername", "bezeichnung"),
    "station": (
        *("site_name", "sitename", "station_name", "cell_name", "enodeb_name", "gnodeb_name", "tower_name"),
        *("standortname", "standortbezeichnung", "standort_name", "stationsname", "bezeichnung"),
    ),
}
"""Names that people give, looked for last: they stand beside ids in many a table."""

UNITS = {
    "time": "s, or dates",
    "x_m": "m",
    "y_m": "m",
    "lat": "degree",
    "lon": "degree",
    "cpu_gcycles_per_s": "Gcycle/s",
    "capacity_users": "users",
    "opening_s": "s",
    "cost_per_month": "currency/month",
    "history_mbit": "Mbit",
    "update_mbit": "Mbit",
    "deadline_ms": "ms",
    "tx_power_w": "W",
    "weight": "users",
    "rate_mbps": "Mbit/s",
    "rate_bps": "bit/s",
    "delay_ms": "ms",
    "speed": "m/s",
}
"""What numbers of a quantity are taken to be in."""

_ROW_NUMBERS = "id"
"""The name that tables of records use for the number of the record, beside one that says whose record it is."""
_SHORTHANDS = {"capacity": "capacity_users", "cpu": "cpu_gcycles_per_s", "longitude": "lon", "latitude": "lat"}
"""What `--columns` takes beside the names of quantities."""


def spelling(name: str) -> str:
    """A name without case, blanks and signs, by which names are compared.

    >>> spelling("User-ID"), spelling("user_id"), spelling(" lat [deg] ")
    ('userid', 'userid', 'latdeg')
    """
    return "".join(each for each in name.casefold() if each.isalnum())


def _by_spelling() -> dict[str, tuple[str, ...]]:
    quantities: dict[str, tuple[str, ...]] = {}
    for quantity, names in (*NAMES.items(), *NOUNS.items(), *GIVEN_NAMES.items()):
        for key in dict.fromkeys(spelling(name) for name in names):
            quantities[key] = (*quantities.get(key, ()), quantity)
    return quantities


_OF_SPELLING = _by_spelling()


def quantities_of(name: str) -> tuple[str, ...]:
    """The quantities that a name may mean; none where it is unknown.

    >>> quantities_of("Longitude"), quantities_of("rent_eur")
    (('lon',), ())
    """
    return _OF_SPELLING.get(spelling(name), ())


@dataclass(frozen=True)
class ColumnChoice:
    """What `--columns` states: the column of each quantity, as the file names it.

    Attributes:
        column_of: quantity to column, or to what is computed of columns; empty where nothing was stated.
    """

    column_of: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> ColumnChoice:
        """Read `user=uid,time=datetime`.

        Raises:
            InputError: a part is no such pair, or names no quantity.

        >>> ColumnChoice.parse("time=datetime,lon=lng").column_of
        {'time': 'datetime', 'lon': 'lng'}
        """
        column_of: dict[str, str] = {}
        for part in choices(text or ""):
            if not part.strip():
                continue
            quantity, equals, column = (each.strip() for each in part.partition("="))
            if not equals or not column:
                raise InputError(f"--columns: got {part.strip()[:40]!r}; expected pairs such as user=uid,time=datetime")
            key = _quantity(quantity)
            if column_of.setdefault(key, column) != column:
                raise InputError(f"--columns: {quantity} is given twice")
        return cls(column_of)


def _quantity(name: str) -> str:
    key = _SHORTHANDS.get(name.casefold(), name.casefold())
    if key not in NAMES:
        raise InputError(
            f"--columns: unknown quantity {name[:40]!r}; {suggestion(name, NAMES)}accepted: {', '.join(NAMES)}"
        )
    return key


@dataclass(frozen=True)
class Columns:
    """Which column of a table gives what.

    Attributes:
        names: all columns as written.
        index_of: quantity to the index of its column.
    """

    names: tuple[str, ...]
    index_of: Mapping[str, int]

    def name_of(self, quantity: str) -> str:
        """The column of a quantity as the file writes it."""
        return self.names[self.index_of[quantity]]

    @property
    def not_used(self) -> tuple[str, ...]:
        """The columns that give nothing, without those that have no name."""
        used = set(self.index_of.values())
        return tuple(name for at, name in enumerate(self.names) if at not in used and name)

    def described(self) -> str:
        """The columns that are used, with what they were taken for where their names differ, and their units.

        >>> Columns(("uid", "lat"), {"user": 0, "lat": 1}).described()
        'user from uid, lat [degree]'
        """
        parts = []
        for quantity, at in self.index_of.items():
            unit = f" [{UNITS[quantity]}]" if quantity in UNITS else ""
            other = spelling(self.names[at]) != spelling(quantity)
            parts.append(f"{quantity} from {self.names[at]}{unit}" if other else f"{quantity}{unit}")
        return ", ".join(parts)


def match_columns(
    names: Sequence[str],
    wanted: Collection[str],
    choice: ColumnChoice,
    where: str,
    identity: str = "id",
    *,
    generic_first: bool = False,
) -> Columns:
    """Find the columns of quantities by their names.

    Args:
        names: the columns, as the file writes them.
        wanted: quantities to look for; what else there is gives nothing.
        choice: what was stated; it goes before what names say.
        where: file and line of the names, for messages.
        identity: what `id` stands for in this table: `user` or `station`, whose own names go before `id`, since
            tables of records number their rows by `id`; or `id`.
        generic_first: whether `id` goes before the own names all the same: tables of stations and users have a row
            for each.

    Raises:
        InputError: two columns give one quantity, or a stated one does not exist; the message says how to settle it.

    >>> match_columns(["lng", "lat", "uid", "note"], ["id", "lat", "lon"], ColumnChoice(), "a.csv:1", "user").index_of
    {'id': 2, 'lat': 1, 'lon': 0}
    """
    stated = _stated(names, wanted, choice, where, identity)
    index_of: dict[str, int] = {}
    for quantity in wanted:
        if quantity in stated:
            index_of[quantity] = stated[quantity]
            continue
        at = _candidates(names, _accepted(quantity, identity, generic_first), taken=set(stated.values()))
        if len(at) > 1 and names[at[0]] == names[at[1]]:
            raise InputError(f"{where}: the column {names[at[0]]!r} is given twice")
        if len(at) > 1:
            both = " and ".join(repr(names[each]) for each in at[:3])
            raise InputError(
                f"{where}: the columns {both} both give {quantity}; say which by --columns {quantity}={names[at[0]]}"
            )
        if at:
            index_of[quantity] = at[0]
    return Columns(tuple(names), index_of)


def _stated(
    names: Sequence[str], wanted: Collection[str], choice: ColumnChoice, where: str, identity: str
) -> dict[str, int]:
    stated: dict[str, int] = {}
    for quantity, column in choice.column_of.items():
        key = "id" if quantity == identity and "id" in wanted else quantity
        if key not in wanted:
            continue
        alike = columns_named(column, names)
        if len(alike) != 1:
            problem = f"{len(alike)} columns are named" if alike else "no column is named"
            hint = suggestion(column, names)
            raise InputError(f"{where}: {problem} {column[:40]!r}; {hint}the file has {', '.join(names)[:200]}")
        stated[key] = alike[0]
    return stated


def columns_named(column: str, names: Sequence[str]) -> list[int]:
    """The columns of a name: as it is written, without the quotes around it, or else in another spelling.

    >>> columns_named("Site-ID", ["site_id", "lat"]), columns_named('"a, b"', ["a, b"])
    ([0], [0])
    """
    bare = column[1:-1] if len(column) > 2 and column[0] in "\"'`" and column[-1] == column[0] else column
    exact = [at for at, name in enumerate(names) if name in (column, bare)]
    return exact or [at for at, name in enumerate(names) if name and spelling(name) == spelling(bare)]


def _candidates(names: Sequence[str], ranks: Sequence[tuple[str, ...]], taken: set[int]) -> list[int]:
    """The columns of the first rank of names that any column has."""
    for accepted in ranks:
        spellings = {spelling(each) for each in accepted}
        at = [index for index, name in enumerate(names) if spelling(name) in spellings and index not in taken]
        if at:
            return at
    return []


def _accepted(quantity: str, identity: str, generic_first: bool) -> list[tuple[str, ...]]:
    """Names of a quantity in the order in which they are looked for."""
    if quantity != "id":
        return [NAMES[quantity]]
    own = [NAMES[identity]] if identity != "id" else []
    first = [(_ROW_NUMBERS,), *own] if generic_first else [*own, (_ROW_NUMBERS,)]
    generic = ((name,) for name in NAMES["id"][1:])
    return [*first, NOUNS.get(identity, ()), *generic, GIVEN_NAMES.get(identity, ())]
