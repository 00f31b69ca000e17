"""A real hub, somebody else's program, in a process of its own: `hub.py PORT FILE`.

It remembers its subscriptions in the file, works on each request at once, and signs with SHA-256.
"""

import logging
import sys

from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage


def main(port: int, file: str) -> None:
    """Serve /hub on loopback until killed."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = Flask(__name__)
    app.config["PUBLISH_SUPPORTED"] = True
    queue = Celery("hub", broker="memory://")
    queue.conf.task_always_eager = True
    hub = Hub(SQLite3HubStorage(file), queue, SIGNATURE_ALGORITHM="sha256", MAX_ATTEMPTS=1)
    app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
    app.run("127.0.0.1", port, threaded=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
