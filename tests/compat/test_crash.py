"""kill -9 in the midst of writing: what was acknowledged is there after the next start."""
import threading
import time

import pytest

import wire
from wire import Connection, query

WRITERS, AT_ONCE = 4, 50


def write(node, writer, acknowledged):
    """Inserts in bursts until the node is gone."""
    try:
        with Connection(node) as c:
            for burst in range(100_000):
                first = burst * AT_ONCE
                c.send(b''.join(
                    query(f'INSERT INTO crash.t (w, i, v) VALUES ({writer}, {first + i}, '
                          f"'{writer}/{first + i}')", stream=i) for i in range(AT_ONCE)))
                for _ in range(AT_ONCE):
                    answer = c.answer()
                    if answer is None:
                        return
                    assert answer[0] == wire.RESULT, answer
                    acknowledged.append(first + answer[1])
    except OSError:
        pass


def found(node, writer):
    """The rows of a writer as {i: v}."""
    driver = pytest.importorskip('driver')
    cluster = driver.cluster_of(node)
    try:
        rows = cluster.connect('crash').execute(f'SELECT i, v FROM t WHERE w = {writer}')
        return {row.i: row.v for row in rows}
    finally:
        cluster.shutdown()


@pytest.mark.parametrize('sync', ('periodic', 'batch', 'group'))
def test_acknowledged_writes_outlive_a_kill(make_node, sync):
    node = make_node(config=f'commitlog_sync: {sync}\n')
    with Connection(node) as c:
        c.ask("CREATE KEYSPACE crash WITH replication = "
              "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        c.ask('CREATE TABLE crash.t (w int, i int, v text, PRIMARY KEY (w, i))')
    for run in range(3):
        acknowledged = [[] for _ in range(WRITERS)]
        writers = [run * WRITERS + k for k in range(WRITERS)]
        threads = [threading.Thread(target=write, args=(node, w, done))
                   for w, done in zip(writers, acknowledged)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        node.kill()
        for t in threads:
            t.join()
        node.start()
        for w, done in zip(writers, acknowledged):
            rows = found(node, w)
            assert len(done) >= AT_ONCE
            assert set(done) <= set(rows), sorted(set(done) - set(rows))[:5]
            assert all(v == f'{w}/{i}' for i, v in rows.items())
    with Connection(node) as c:  # earlier runs went through several replays
        count = int.from_bytes(c.ask('SELECT count(*) FROM crash.t')[-8:], 'big')
    assert node.stop() == 0
    node.start()
    with Connection(node) as c:
        assert int.from_bytes(c.ask('SELECT count(*) FROM crash.t')[-8:], 'big') == count
