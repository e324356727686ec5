"""A primary PostgreSQL and its standby, which takes over when the primary is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.postgres import Server, postgres_home

PRIMARY, STANDBY = 5432, 5433
PATIENCE = 30.0


class Replicas:
    """Two servers with the same databases: what is committed on one is streamed to the other."""

    def __init__(self, server: Server, *, synchronous: bool) -> None:
        self._server = server
        self._standby = server.root / "standby"
        server.make()
        with (server.data / "postgresql.auto.conf").open("a") as conf:
            conf.write("wal_receiver_timeout = 5s\nwal_retrieve_retry_interval = 100ms\n")
            if synchronous:
                conf.write("synchronous_standby_names = 'standby'\n")
        server.start(server.data, PRIMARY)
        source = f"host={server.root} port={PRIMARY} user=postgres application_name=standby"
        options = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        server.run("pg_basebackup", "-D", str(self._standby), "-d", source, *options)
        with (self._standby / "postgresql.auto.conf").open("a") as conf:
            conf.write(
                "synchronous_standby_names = ''\n"
            )  # there is no third that it could wait for
        self.start_standby()

    @property
    def socket(self) -> Path:
        """Where the first primary is reached."""
        return self._server.root / f".s.PGSQL.{PRIMARY}"

    def address(self, name: str, primary: tuple[str, int] | None = None) -> str:
        """The URL of a database, on whichever takes writes; the first by way of a network."""
        host, port = primary or (str(self._server.root), PRIMARY)
        hosts, ports = f"{host},{self._server.root}", f"{port},{STANDBY}"
        wanted = "target_session_attrs=read-write"
        return f"postgresql+psycopg://postgres@/{name}?host={hosts}&port={ports}&{wanted}"

    def on(self, port: int, name: str = "postgres") -> psycopg.Connection:
        """A connection to one of the two."""
        address = f"host={self._server.root} port={port} user=postgres dbname={name}"
        return psycopg.connect(address, autocommit=True)

    def fail_over(self) -> None:
        """Kill the primary, and have the standby take its place."""
        self.kill_primary()
        self.promote()

    def kill_primary(self) -> None:
        """Stop it at once: what it has not sent is lost."""
        self._server.stop(self._server.data)

    def promote(self) -> None:
        """Have the standby take writes."""
        self._server.run("pg_ctl", "-D", str(self._standby), "promote", "-w", "-t", "60")

    def stop_standby(self) -> None:
        """Stop it at once."""
        self._server.stop(self._standby)

    def start_standby(self) -> None:
        """Start it; it asks for what it has missed."""
        self._server.start(self._standby, STANDBY)

    def deafen(self) -> None:
        """Have the standby hear no more of what the primary commits from now on."""
        with self.on(PRIMARY) as primary:
            (newest,) = primary.execute("SELECT pg_current_wal_flush_lsn()").fetchone() or (None,)
        with self.on(STANDBY) as standby:
            self._until(standby, f"SELECT pg_last_wal_replay_lsn() >= '{newest}'")
            standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
            standby.execute("SELECT pg_reload_conf()")
            self._until(standby, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")

    def _until(self, asked: psycopg.Connection, condition: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while asked.execute(condition.encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, condition
            time.sleep(0.01)

    def fail_back(self) -> None:
        """Have the first primary come back, in place of the other."""
        self.stop_standby()
        self._server.start(self._server.data, PRIMARY)

    def stop(self) -> None:
        """Stop whichever runs."""
        for data in (self._server.data, self._standby):
            if (data / "postmaster.pid").exists():
                self._server.stop(data)


@contextmanager
def replicas(*, synchronous: bool) -> Iterator[Replicas]:
    """Two servers while the context lasts."""
    with postgres_home() as server:
        made = Replicas(server, synchronous=synchronous)
        try:
            yield made
        finally:
            made.stop()
