import numpy as np

from twinhop.scenario import build_world, dump_scenario, parse_scenario, preset
from twinhop.streams import stream

HEAD = "schema_version: 1\nname: a\n"


def test_same_seed_and_name_give_the_same_stream():
    assert stream(3, "channel.fading").random(5).tolist() == stream(3, "channel.fading").random(5).tolist()


def test_streams_differ_by_name_and_by_seed():
    draws = {stream(seed, name).random() for seed in (0, 1, 2) for name in ("topology.users", "sizes.history_mbit")}
    assert len(draws) == 6


def test_a_stream_is_pinned():
    # Recorded once: a change here changes every published figure.
    assert stream(0, "topology.users").random(2).tolist() == [0.2555857833015466, 0.7389096438295741]


def test_more_users_leave_stations_and_the_first_users_where_they_are():
    text = dump_scenario(preset("city-small").with_seed(5))
    few, many = build_world(parse_scenario(text)), build_world(parse_scenario(text.replace("count: 150", "count: 400")))
    assert np.array_equal(few.station_xy_m, many.station_xy_m)
    assert np.array_equal(few.host, many.host)
    assert np.array_equal(few.cpu_cycles_per_s, many.cpu_cycles_per_s)
    assert np.array_equal(few.user_xy_m, many.user_xy_m[:150])
    assert np.array_equal(few.history_bits, many.history_bits[:150])


def test_more_stations_leave_users_and_sizes_as_they_are():
    few, many = (
        build_world(
            parse_scenario(f"{HEAD}stations: {{generate: {{count: {count}}}}}\nusers: {{generate: {{count: 30}}}}")
        )
        for count in (3, 9)
    )
    assert np.array_equal(few.user_xy_m, many.user_xy_m)
    assert np.array_equal(few.update_bits, many.update_bits)
    assert np.array_equal(few.station_xy_m, many.station_xy_m[:3])


def test_a_stated_value_changes_no_other_draw():
    text = HEAD + (
        "stations: {generate: {count: 2}}\nusers:\n  list:\n"
        "    - {id: a, x_m: 1, y_m: 1}\n    - {id: b, x_m: 2, y_m: 2%s}\n    - {id: c, x_m: 3, y_m: 3}\n"
    )
    drawn, stated = build_world(parse_scenario(text % "")), build_world(parse_scenario(text % ", history_mbit: 7"))
    assert stated.history_bits[1] == 7e6
    assert np.array_equal(drawn.history_bits[[0, 2]], stated.history_bits[[0, 2]])
    assert np.array_equal(drawn.update_bits, stated.update_bits)
    assert np.array_equal(drawn.deadline_s, stated.deadline_s)


def test_turning_a_distribution_into_a_number_changes_no_other_field():
    text = HEAD + "stations: {generate: {}}\nusers: {generate: {}%s}"
    drawn, fixed = build_world(parse_scenario(text % "")), build_world(parse_scenario(text % ", history_mbit: 7"))
    assert np.array_equal(drawn.update_bits, fixed.update_bits)
    assert np.array_equal(drawn.user_xy_m, fixed.user_xy_m)
