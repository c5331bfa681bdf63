"""A damaged checkpoint sets its twin aside: others go on, and nothing that was acknowledged is trimmed away."""

from contextlib import closing

import apsw
import pytest
from live_makers import QUICK, SPEC, Simulation, create, sent, summary

from twinhop.live import Entry, Host, Kind
from twinhop.live.ports import Damaged
from twinhop.live.sqlite import open_folder

WAIT_S = 30.0


def run(folder, statement, values=()):
    with closing(apsw.Connection(str(folder / "twins.db"))) as connection:
        return list(connection.execute(statement, values))


@pytest.fixture
def folder(tmp_path):
    """Two twins, both checkpointed, and a record of each above the mark."""
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("car-one", SPEC), create("car-two", SPEC))
        here.send(*(sent("car-one", seq) for seq in range(1, 601)), sent("car-two", 1))
        here.flush()
        here.send(sent("car-one", 601), sent("car-two", 2))
    return tmp_path


DAMAGES = {
    "head": "update checkpoint set head = substr(head, 1, 99) || x'00' || substr(head, 101) where twin = 'car-one'",
    "place": "update checkpoint set position = position + 1 where twin = 'car-one'",
    "chunk": "update chunk set payload = 'text'",
    "no chunk": "delete from chunk",
    "no checkpoint": "delete from checkpoint where twin = 'car-one'",
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_twin_is_set_aside_and_nothing_of_it_is_lost(what, folder):
    tables = ("checkpoint", "chunk")
    whole = {table: run(folder, f"select * from {table}") for table in tables}
    run(folder, DAMAGES[what])
    for start in range(2):
        told = []
        with open_folder(folder) as opened, Host(opened.engine, QUICK, listen=told.extend) as host:
            first = 602 + 4 * start
            with pytest.raises(Damaged, match="car-one: is set aside: its checkpoint is damaged; .* restore a backup"):
                host.ask("car-one", summary).result(WAIT_S)
            answers = host.submit_and_wait([sent("car-one", first), Entry(Kind.RESTART, "car-one")]).result(WAIT_S)
            assert all("is set aside" in each.refused and each.state is None for each in answers)
            host.submit([sent("car-two", 3 + 2 * start), sent("car-two", 4 + 2 * start)]).result(WAIT_S)
            assert host.ask("car-two", summary).result(WAIT_S)[1] == 4 + 2 * start
            host.flush().result(WAIT_S)
            assert opened.engine.checkpoints.get("car-two")[0].position > 604
            assert opened.engine.journal.mark == 603
            assert host.facts()["damaged_twins"] == 1 and host.failure is None
            assert host.damages().keys() == {"car-one"} and "\n" not in host.damages()["car-one"]
            with pytest.raises(Damaged):
                host.require_whole("car-one")
            host.require_whole("car-two")
            with pytest.raises(Damaged):
                host.move("car-one", "b7").result(WAIT_S)
    for table in tables:
        for row in whole[table]:
            if "car-two" not in row:
                run(folder, f"insert or replace into {table} values ({', '.join('?' * len(row))})", row)
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        counts = host.ask("car-one", lambda fold: (fold.twin.incarnation, fold.counts["applied"])).result(WAIT_S)
        assert counts[1] >= 602 and host.facts()["damaged_twins"] == 0
        host.flush().result(WAIT_S)
        assert opened.engine.journal.mark == opened.engine.journal.last


def test_erasing_a_damaged_twin_lets_the_journal_go_on(folder):
    run(folder, DAMAGES["head"])
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        host.submit([Entry(Kind.ERASE, "car-one"), sent("car-one", 700)]).result(WAIT_S)
        assert host.submit_and_wait([create("car-one", SPEC)]).result(WAIT_S)[0].refused == ""
        host.submit([sent("car-one", 1)]).result(WAIT_S)
        assert host.ask("car-one", summary).result(WAIT_S)[1] == 1
        assert host.facts()["damaged_twins"] == 0 and not host.damages()
        host.flush().result(WAIT_S)
        assert opened.engine.journal.mark == opened.engine.journal.last
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        assert host.ask("car-one", summary).result(WAIT_S)[1] == 1


def test_a_move_of_a_twin_that_proves_damaged_answers_so(folder):
    with open_folder(folder) as opened:
        Simulation(opened.engine, QUICK).flush()
    run(folder, DAMAGES["head"])
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        with pytest.raises(Damaged, match="^car-one: is set aside"):
            host.move("car-one", "b7").result(WAIT_S)
        assert host.owners()["car-one"] == "" and host.failure is None


def test_a_backup_beside_a_damaged_twin_keeps_what_was_acknowledged_for_it(folder, tmp_path):
    run(folder, DAMAGES["head"])
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        with pytest.raises(Damaged):
            host.ask("car-one", summary).result(WAIT_S)
        host.submit([sent("car-one", 602), sent("car-two", 3)]).result(WAIT_S)
        host.backup(tmp_path / "copy").result(WAIT_S)
        host.flush().result(WAIT_S)
    with open_folder(tmp_path / "copy") as opened, Host(opened.engine, QUICK) as host:
        records = opened.engine.journal.read(opened.engine.journal.mark, 100)
        kept = [Entry.decoded(record) for _, record in records]
        assert [each.update.seq for each in kept if each.twin == "car-one"] == [601, 602]
        assert host.ask("car-two", summary).result(WAIT_S)[1] == 3
        host.submit([Entry(Kind.ERASE, "car-one")]).result(WAIT_S)
        host.flush().result(WAIT_S)
        assert opened.engine.journal.mark == opened.engine.journal.last


def test_without_records_of_its_own_a_damaged_twin_holds_nothing_back(folder):
    with open_folder(folder) as opened:
        Simulation(opened.engine, QUICK).flush()
    run(folder, DAMAGES["head"])
    with open_folder(folder) as opened, Host(opened.engine, QUICK) as host:
        with pytest.raises(Damaged):
            host.ask("car-one", summary).result(WAIT_S)
        host.submit([sent("car-two", 3)]).result(WAIT_S)
        host.flush().result(WAIT_S)
        assert opened.engine.journal.mark == opened.engine.journal.last
