"""current - the settings as the home's file states them now.

Faults: a file that cannot be used is logged once; the last sound settings hold, and nothing is
scheduled meanwhile. Never: changes where a process listens. See: settings (what is checked).
"""

from __future__ import annotations

import threading
from dataclasses import replace

import structlog

from publisher import register
from publisher import settings as settings_room
from publisher.errors import PublisherError, SettingsError
from publisher.model import Newsletter
from publisher.settings import Settings

log = structlog.get_logger("run")


def refreshed(settings: Settings) -> Settings:
    """Take over the newsletter paths the register has fixed meanwhile."""
    return settings.with_paths(dict(register.heads(settings.register_path).paths))


class Current:
    """The settings as the home's file states them, read again whenever it was changed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_sound = True
        self._seen: object = None
        self._told = ""
        self._turn = threading.Lock()

    def look(self) -> Settings:
        """Give the newest settings that can be used; `is_sound` tells whether they are the file's.

        Where it listens and which database it has was settled when the process began.
        """
        with self._turn:
            seen = self._stamp()
            if seen != self._seen:
                self._load()
                self._seen = seen
            return self.settings

    def newsletter(self, one: Newsletter) -> Newsletter | None:
        """Give a newsletter as it is now; None when it is gone or the file cannot be used."""
        newest = self.look().newsletters
        found = next((other for other in newest if other.slug == one.slug), None)
        return found if self.is_sound else None

    def _stamp(self) -> object:
        try:
            status = (self.settings.home / settings_room.FILE_NAME).stat()
        except OSError:
            return "gone"
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _load(self) -> None:
        old = self.settings
        try:
            new = refreshed(settings_room.load(old.home))
            if new.database != old.database:
                raise SettingsError(
                    "the database was changed", where="database", hint="start `publisher run` again"
                )
        except PublisherError as error:
            self.is_sound = False
            if str(error) != self._told:
                log.error(
                    "the changed settings cannot be used; nothing is scheduled meanwhile",
                    error=str(error),
                    hint=error.hint,
                )
            self._told = str(error)
            return
        if self._told:
            log.info("the settings can be used again")
        self.is_sound, self._told = True, ""
        self.settings = replace(new, host=old.host, port=old.port, desk_port=old.desk_port)
