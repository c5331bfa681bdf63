import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.scenario import project, unproject

DEGREE = 1e-7


@given(lat=st.floats(-89, 89), lon=st.floats(-180, 180), x_m=st.floats(-50_000, 50_000), y_m=st.floats(-50_000, 50_000))
@settings(max_examples=100, deadline=None)
def test_there_and_back(lat, lon, x_m, y_m):
    lat_deg, lon_deg = unproject(x_m, y_m, (lat, lon))
    back_x_m, back_y_m = project(lat_deg, lon_deg, (lat, lon))
    assert float(back_x_m) == pytest.approx(x_m, abs=1e-3)
    assert float(back_y_m) == pytest.approx(y_m, abs=1e-3)


def test_the_origin_is_zero():
    x_m, y_m = project([-37.81], [144.97], (-37.81, 144.97))
    assert abs(x_m[0]) < 1e-6 and abs(y_m[0]) < 1e-6


def test_known_distances():
    # One minute of arc along a meridian near 45 degrees north is 1852.2 m on WGS84; east is positive x.
    x_m, y_m = project(np.array([45 + 1 / 60, 45.0]), np.array([7.0, 7.01]), (45.0, 7.0))
    assert y_m[0] == pytest.approx(1852.3, abs=0.5)
    assert x_m[1] == pytest.approx(788.5, abs=0.5)
