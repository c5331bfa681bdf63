"""The one list of names: headers as common programs write them."""

import pytest

from twinhop.errors import InputError
from twinhop.scenario.column_names import ColumnChoice, match_columns

TRACE = ("id", "time", "lat", "lon", "x_m", "y_m", "x", "y")


@pytest.mark.parametrize(
    ("header", "identity", "expected"),
    [
        ("user_id;tracked_at;latitude;longitude", "user", "id=user_id;time=tracked_at;lat=latitude;lon=longitude"),
        ("lat;lng;datetime;uid", "user", "id=uid;time=datetime;lat=lat;lon=lng"),
        ("X;Y;fid;id;sequence;trajectory_id;tracker;t", "user", "id=trajectory_id;time=t;x=X;y=Y"),
        ("SITE_ID;LATITUDE;LONGITUDE;NAME;STATE", "station", "id=SITE_ID;lat=LATITUDE;lon=LONGITUDE"),
        ("osmid;y;x;street_count", "id", "id=osmid;x=x;y=y"),
        ("radio;mcc;net;area;cell;unit;lon;lat;range", "station", "id=cell;lat=lat;lon=lon"),
        ("id;x_m;y_m;name", "station", "id=id;x_m=x_m;y_m=y_m"),
        ("Unnamed: 0;User ID;Lat;Long", "user", "id=User ID;lat=Lat;lon=Long"),
    ],
)
def test_headers_of_common_programs(header, identity, expected) -> None:
    columns = match_columns(header.split(";"), TRACE, ColumnChoice(), "a.csv:1", identity)
    assert ";".join(f"{quantity}={columns.name_of(quantity)}" for quantity in columns.index_of) == expected


def test_two_columns_for_one_quantity_are_refused_and_settled_by_the_option() -> None:
    header = ["id", "lat", "latitude", "lon"]
    with pytest.raises(InputError, match="'lat' and 'latitude' both give lat; say which by --columns lat=lat"):
        match_columns(header, TRACE, ColumnChoice(), "a.csv:1", "user")
    columns = match_columns(header, TRACE, ColumnChoice.parse("lat=latitude"), "a.csv:1", "user")
    assert columns.name_of("lat") == "latitude" and columns.not_used == ("lat",)


def test_the_option_goes_before_names_and_says_what_it_does_not_know() -> None:
    header = ["key", "when", "lat", "lon"]
    columns = match_columns(header, TRACE, ColumnChoice.parse("user=key, time=when"), "a.csv:1", "user")
    assert (columns.name_of("id"), columns.name_of("time")) == ("key", "when")
    assert columns.described() == "id from key, time from when [s, or dates], lat [degree], lon [degree]"
    with pytest.raises(InputError, match="no column is named 'wen'; did you mean 'when'"):
        match_columns(header, TRACE, ColumnChoice.parse("time=wen"), "a.csv:1", "user")
    for text, message in (("tme=when", "did you mean 'time'"), ("time", "expected pairs"), ("lat=a,lat=b", "twice")):
        with pytest.raises(InputError, match=message):
            ColumnChoice.parse(text)
