"""The named factors between scenario units and SI."""

from twinhop import units


def test_factors():
    assert 20 * units.HZ_PER_MHZ == 20_000_000
    assert 5 * units.BITS_PER_MBIT == 5_000_000
    assert 8 * units.CYCLES_PER_GCYCLE == 8_000_000_000
    assert 50 * units.S_PER_MS == 0.05
    assert 1.5 * units.M_PER_KM == 1500
