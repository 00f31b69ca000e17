"""settings - publisher.toml and the environment, checked whole, frozen.

The file says everything but secrets; the environment (`PUBLISHER_DATABASE`, `PUBLISHER_SMTP__HOST`,
nested keys joined by two underscores) wins over the file. A secret comes from the environment, from
the file its `*_file` key names, or from systemd's credentials; one written in publisher.toml works
and is reported by `findings`.

    file         what may be written: newsletters, relays, pieces
    faults       what is wrong, in our words, with key and line
    secret       passwords, and the home's own key
    reading      the file from the disk -> values
    values       what comes out

Faults: SettingsError listing all faults at once, each with its key and line.
Never: opens the database, talks to the network, prints a secret.
See: publisher.toml (every key, commented), model.Newsletter (what comes out).
"""

from __future__ import annotations

from publisher.settings.reading import load
from publisher.settings.secret import secret_key
from publisher.settings.values import FILE_NAME, Dkim, Settings, Smtp

__all__ = ["FILE_NAME", "Dkim", "Settings", "Smtp", "load", "secret_key"]
