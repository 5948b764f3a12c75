"""Ilion and redis-server (and a ring of three beside one node) in turn, round by round, on the same two cores.

Machines are noisy, so only ratios of one run count: every round measures both, and the median of
the rounds' ratios is printed beside the goal.
"""

import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STRESS = os.path.join(ROOT, "build/tools/ilion-stress")
DAEMON = os.path.join(ROOT, "build/server/iliond")
KEYS = 200_000
SERVER, CLIENT = ["taskset", "-c", "0"], ["taskset", "-c", "1"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Ilion:
    """A node with an empty data directory."""

    def __init__(self, address="127.0.0.1", ports=None, pinned=True):
        self.dir = tempfile.mkdtemp(prefix="ilion-bench-")
        self.conf = os.path.join(self.dir, "conf")
        self.address, self.pinned = address, pinned
        shutil.copytree(os.path.join(ROOT, "conf"), self.conf)
        self.native, self.thrift, storage = ports or (free_port(), free_port(), free_port())
        settings = {
            "listen_address": address,
            "rpc_address": address,
            "native_transport_port": self.native,
            "rpc_port": self.thrift,
            "storage_port": storage,
            "admin_port": 0,
            "worker_threads": 1,
        }
        path = os.path.join(self.conf, "cassandra.yaml")
        text = open(path).read()
        for key, value in settings.items():
            text = re.sub(rf"(?m)^(# )?{key}:.*$", f"{key}: {value}", text, count=1)
        open(path, "w").write(text)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            (SERVER if self.pinned else []) + [DAEMON, "-f", "-c", self.conf],
            env=dict(os.environ, CASSANDRA_HOME=self.dir),
            stdout=subprocess.DEVNULL,
        )
        return self

    def wait(self):
        for _ in range(500):
            try:
                socket.create_connection((self.address, self.native)).close()
                return self
            except OSError:
                time.sleep(0.01)
        sys.exit("bench: the node did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir)

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    def stress(self, kind, depth, seconds, wire="native", load=False, more=()):
        port = self.native if wire == "native" else self.thrift
        amount = ["-n", str(KEYS), "-s"] if load else ["-d", str(seconds)]
        out = subprocess.run(
            (CLIENT if self.pinned else []) + [STRESS, kind, "-H", self.address, "-P", wire, "-p", str(port),
                                               "-q", str(depth), "-k", str(KEYS), "-Q", *more] + amount,
            check=True, capture_output=True, text=True).stdout
        return float(re.search(r"ops_per_second (\d+)", out).group(1))


class Redis:
    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            SERVER + ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL)
        time.sleep(0.5)

    def bench(self, test, depth, seconds):
        n = int(seconds * (130_000 if depth == 1 else 600_000))
        out = subprocess.run(
            CLIENT + ["redis-benchmark", "-p", str(self.port), "-c", "50", "-n", str(n), "-d", "100",
                      "-r", str(KEYS), "-P", str(depth), "-t", test, "--csv"],
            check=True, capture_output=True, text=True).stdout
        return float(out.strip().splitlines()[-1].split(",")[1].strip('"'))

    def close(self):
        self.process.terminate()
        self.process.wait()


# name, redis test and depth, ilion kind, depth and wire, goal
COMPARISONS = [
    ("prepared INSERT, 1 in flight", ("set", 1), ("write", 1, "native"), 0.6),
    ("prepared SELECT, 1 in flight", ("get", 1), ("read", 1, "native"), 0.6),
    ("prepared INSERT, 32 in flight", ("set", 32), ("write", 32, "native"), 0.3),
    ("prepared SELECT, 32 in flight", ("get", 32), ("read", 32, "native"), 0.3),
    ("Thrift insert", ("set", 1), ("write", 1, "thrift"), 0.5),
    ("Thrift get", ("get", 1), ("read", 1, "thrift"), 0.5),
]


def compare(comparison, seconds):
    """One round: Redis, then a fresh node with the keys loaded."""
    _, redis_args, (kind, depth, wire), _ = comparison
    redis = Redis()
    if redis_args[0] == "get":
        redis.bench("set", 16, seconds / 2)
    theirs = redis.bench(*redis_args, seconds)
    redis.close()
    node = Ilion().wait()
    node.stress("write", 1, seconds, wire, load=True)
    ours = node.stress(kind, depth, seconds, wire)
    node.close()
    return ours, theirs


def ring_round(kind, seconds):
    """Three nodes and QUORUM against one node and ONE; nothing pinned: all share the cores."""
    one = Ilion(pinned=False).wait()
    one.stress("write", 1, seconds, load=True)
    alone = one.stress(kind, 1, seconds)
    one.close()
    ports = (free_port(), free_port(), free_port())
    nodes = [Ilion(f"127.0.0.{i}", ports, pinned=False).wait() for i in (1, 2, 3)]
    nodes[0].stress("write", 1, seconds, load=True, more=("-l", "QUORUM", "-f", "3"))
    together = nodes[0].stress(kind, 1, seconds, more=("-l", "QUORUM", "-x"))
    for node in nodes:
        node.close()
    return together, alone


def frame(opcode, body):
    return struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body


def query(text):
    data = text.encode()
    return frame(7, struct.pack(">i", len(data)) + data + struct.pack(">HB", 1, 0))


def ask(s, message):
    s.sendall(message)
    header = s.recv(9, socket.MSG_WAITALL)
    length = struct.unpack(">i", header[5:])[0]
    body = s.recv(length, socket.MSG_WAITALL) if length else b""
    if header[4] == 0:
        sys.exit(f"bench: the node answered {body!r}")


STARTUP = frame(1, struct.pack(">H", 1) + b"\0\x0bCQL_VERSION\0\x053.0.0")


def connect(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.0002)


def first_write_ms(node):
    """From the fork of a node that has the table already to its first acknowledged INSERT."""
    before = time.monotonic()
    node.start()
    s = connect(node.native)
    ask(s, STARTUP)
    ask(s, query("INSERT INTO bench.t (k, v) VALUES (1, 'x')"))
    took = (time.monotonic() - before) * 1000
    s.close()
    return took


def start_and_idle(rounds):
    node = Ilion().wait()
    s = connect(node.native)
    for message in (STARTUP,
                    query("CREATE KEYSPACE bench WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"),
                    query("CREATE TABLE bench.t (k int PRIMARY KEY, v text)")):
        ask(s, message)
    s.close()
    times = []
    for _ in range(rounds):
        node.stop()
        times.append(first_write_ms(node))
    time.sleep(2)
    rss = node.rss_kib() / 1024
    node.close()
    return statistics.median(times), rss


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--write", metavar="FILE", help="also write the table to this file")
    args = p.parse_args()
    rows = []
    for c in COMPARISONS:
        results = []
        for i in range(args.rounds):
            results.append(compare(c, args.seconds))
            print(f"{c[0]}: round {i + 1} of {args.rounds}: {results[-1][0]:,.0f} / {results[-1][1]:,.0f}",
                  file=sys.stderr)
        ratio = statistics.median(ours / theirs for ours, theirs in results)
        ours, theirs = (statistics.median(r[k] for r in results) for k in (0, 1))
        rows.append((c[0], f"{ours:,.0f}/s", f"{theirs:,.0f}/s", f"{ratio:.2f} x", f"{c[3]} x", ratio >= c[3]))
    for kind, name in (("write", "INSERT"), ("read", "SELECT")):
        results = [ring_round(kind, args.seconds) for _ in range(args.rounds)]
        ratio = statistics.median(ring / one for ring, one in results)
        ring, one = (statistics.median(r[k] for r in results) for k in (0, 1))
        rows.append((f"ring of three, QUORUM {name} (beside: one node, ONE)", f"{ring:,.0f}/s", f"{one:,.0f}/s",
                     f"{ratio:.2f} x", "0.25 x", ratio >= 0.25))
    ms, rss = start_and_idle(max(args.rounds, 5))
    rows.append(("fork to first acknowledged write", f"{ms:.0f} ms", "", "", "50 ms", ms <= 50))
    rows.append(("idle resident memory", f"{rss:.1f} MiB", "", "", "16 MiB", rss <= 16))
    lines = ["| what | Ilion | beside | ratio | goal | |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(r[:5])} | {'met' if r[5] else '**missed**'} |" for r in rows]
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout
    text = (f"# Results\n\nMade by `bench/run` on {time.strftime('%Y-%m-%d')}: Linux {platform.release()}, "
            f"{os.cpu_count()} cores, Redis {re.search(r'v=([0-9.]+)', redis).group(1)}; {args.rounds} rounds of "
            f"{args.seconds:g} s each, both in every round, medians. Server on core 0 (one worker), client on "
            "core 1; 50 connections, 100-byte values, consistency ONE, commitlog_sync periodic, "
            f"{KEYS:,} keys loaded first. Redis without persistence; its pipeline is as deep as our requests "
            "in flight on each connection. Beside is Redis where nothing else is said; the ring's nodes and client "
            "share both cores.\n\nAbsolute figures do not travel between machines; ratios do, "
            "roughly.\n\n" + "\n".join(lines) + "\n")
    print(text)
    if args.write:
        open(args.write, "w").write(text)
    return 0 if all(r[5] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
