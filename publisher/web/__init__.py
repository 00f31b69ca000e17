"""web - what answers over HTTP: the public site, and the desk on its own port.

`pages.site_app` and `desk.desk_app` are the two apps; `server` makes the uvicorn server that runs
one of them. Faults: OSError from the server where the port is taken.
Never: starts threads, publishes, sends. See: cli (runs both), run (the heartbeat beside them).
"""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

from publisher.web.bounds import BoundedProtocol


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Make a server for one of the apps.

    It writes no access log (the apps write their own, scrubbed), names no software, and trusts no
    header about who is calling.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
