"""A process that forks senders which die, or fail, at the n-th thing they do; driven by test_points.

Numbered are: each statement and commit (before it, and after a commit), each time a socket is
written or read, each file opened, renamed, removed, locked or mapped in the home, each change of the
map. The product knows nothing of it: its seams are wrapped here, in the child.

A line on stdin, {"folder", "deed", "point", "smtp", "in_doubt"}, is one child; a line on stdout,
{"code", "points", "what"}, says how it ended, how many points it passed, and which was the last.
"""

import errno
import fcntl
import json
import os
import signal
import socket
import sqlite3
import sqlite3.dbapi2
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from home import Home, templates_here

from publisher.errors import PublisherError
from publisher.wire.map import WireMap

FILES = {
    "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate",
    "fcntl.flock", "mmap.__new__",
}  # fmt: skip
KNOWN, DEFECT = 3, 4


class Points:
    """Counts the points a process passes; at the chosen one it does the deed."""

    def __init__(self, folder: Path, deed: str, point: int) -> None:
        self.folder = str(folder)
        self.passed = 0
        self.what = ""
        self._deed = deed
        self._point = point
        self._lock = threading.Lock()
        self._note = os.open(folder / "points", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._busy = threading.local()

    def at(self, what: str, fault: Callable[[], Exception] | None) -> None:
        """Pass a point; `fault` is how it fails, None where it cannot."""
        if getattr(self._busy, "now", False):
            return
        with self._lock:
            if self._deed == "fail" and fault is None:
                return
            self.passed += 1
            is_it = self.passed == self._point
            if is_it:
                self.what = what
                self.tell()
        if is_it and self._deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()
        if is_it and fault is not None:
            raise fault()

    def tell(self) -> None:
        """Write down how far it came."""
        os.pwrite(self._note, f"{self.passed:6} {self.what:60.60}".encode(), 0)

    # --- the seams ----------------------------------------------------------

    def wrap(self) -> None:
        """Put a point before, and where it matters after, all that touches the world."""
        points = self

        def broken() -> Exception:
            fault = sqlite3.OperationalError("disk I/O error")
            fault.sqlite_errorcode = sqlite3.SQLITE_IOERR
            fault.sqlite_errorname = "SQLITE_IOERR"
            return fault

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *values: Any) -> Any:
                points.at(f"before {_first(sql)}", broken)
                found = super().execute(sql, *values)
                if sql.strip().upper().startswith("COMMIT"):
                    points.at("after COMMIT", broken)
                return found

            def executemany(self, sql: str, *values: Any) -> Any:
                points.at(f"before many {_first(sql)}", broken)
                return super().executemany(sql, *values)

        class Connection(sqlite3.Connection):
            def cursor(self, factory: Any = Cursor) -> Any:
                return super().cursor(factory)

            def execute(self, sql: str, *values: Any) -> Any:
                return self.cursor().execute(sql, *values)

            def executemany(self, sql: str, *values: Any) -> Any:
                return self.cursor().executemany(sql, *values)

            def commit(self) -> None:
                points.at("before commit", broken)
                super().commit()
                points.at("after commit", broken)

        connect = sqlite3.dbapi2.connect
        sqlite3.dbapi2.connect = lambda *args, **named: connect(  # type: ignore[assignment]
            *args, **{**named, "factory": Connection}
        )

        def reset() -> Exception:
            return ConnectionResetError(errno.ECONNRESET, "x")

        for name in ("recv", "recv_into"):
            self._around(socket.socket, name, reset, reset)
        for name in ("send", "sendmsg", "sendall"):  # a kernel that took bytes says so, not a fault
            self._around(socket.socket, name, reset, None)
        for name in ("hold", "let_go", "mark", "_create"):
            self._around(WireMap, name, None, None)
        sys.addaudithook(self._audited)

    def _around(
        self,
        where: type,
        name: str,
        before: Callable[[], Exception] | None,
        after: Callable[[], Exception] | None,
    ) -> None:
        deed = getattr(where, name)

        def passing(*args: Any, **named: Any) -> Any:
            self.at(f"before {name}", before)
            found = deed(*args, **named)
            self.at(f"after {name}", after)
            return found

        setattr(where, name, passing)

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in FILES:
            return
        about = args[0] if args else ""
        is_ours = isinstance(about, str | os.PathLike) and self.folder in os.fspath(about)
        if event == "fcntl.flock":
            is_ours = not args[1] & fcntl.LOCK_UN
        if is_ours or event == "mmap.__new__":
            self.at(event, lambda: OSError(errno.EIO, os.strerror(errno.EIO)))


def _first(sql: str) -> str:
    return " ".join(sql.split())[:40]


def child(told: dict[str, Any]) -> int:
    """Send, in a process that will die or find a fault; give its exit code."""
    folder = Path(told["folder"])
    points = Points(folder, told["deed"], told["point"])
    home = Home(folder, f"sqlite:///{folder}/publisher.db", told["smtp"], told["in_doubt"])
    home.pace |= {"relay_rests": (0.02,), "idle": 0.02, "store_rests": (0.01,)}
    points.wrap()
    try:
        home._sender(lambda: datetime.now(UTC), {}).until_idle()
        return 0
    except PublisherError as fault:
        points.what += f": {fault}"
        return KNOWN
    except BaseException:
        traceback.print_exc()
        return DEFECT
    finally:
        points.tell()


def main() -> None:
    """Fork a child for each line."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    templates_here()
    warm = Home(Path(sys.argv[1]), f"sqlite:///{sys.argv[1]}/publisher.db")
    warm.sender()
    warm.close()
    for line in sys.stdin:
        told = json.loads(line)
        number = os.fork()
        if not number:
            os._exit(child(told))
        _, status = os.waitpid(number, 0)
        passed, _, what = (Path(told["folder"]) / "points").read_text().strip().partition(" ")
        found = {
            "code": os.waitstatus_to_exitcode(status),
            "points": int(passed or 0),
            "what": what,
        }
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
