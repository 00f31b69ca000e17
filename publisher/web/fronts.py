"""fronts - what nginx or Caddy is told so that it serves feeds/ as the program does, by itself.

Either text stands inside the block of one host. It gives files the types, ages, links and security
headers of `labels` and `answers`, sends the compressed copies, passes what is alive on to the
program, and answers 410 for all of an issue's folder while `GONE` lies in it: so a withdrawal
needs no word to the server. Entity tags are the server's own, made of time and size; that is
enough, for `site` moves the time on by a second with every change. nginx sends gzip only.

nginx drops what was added outside as soon as a location adds a header of its own; so what differs
is put into variables first, and added in one place.

Faults: RefusedError where the site has no address, or is not alone on its host.
Never: reads a file, writes one. See: cli.serving (prints them), docs/deploy.md.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from publisher.addresses import FEEDS, GONE
from publisher.errors import RefusedError
from publisher.settings import Settings
from publisher.web import labels
from publisher.web.answers import site_headers

ALIVE: Final = ("api", "confirm", "preferences", "search", "subscribe", "unsubscribe")
"""What the program answers under a newsletter's path, whoever serves its files."""
_NAMES: Final = "|".join(re.escape(name) for name, _, _ in FEEDS)
_ALL_NAMES: Final = f"{_NAMES}|{re.escape(labels.OPML)}"
_COPY: Final = r"\.(?:html|xml|json|opml|css|svg|txt)\.(?:gz|br|zst)$"
_ISSUE: Final = r"^({name}(?:/[^/]+)?/issues/[^/]+)(?:/|$)"
_PICTURE: Final = "".join(
    [r"\.(?:", "|".join(end[1:] for end, kind in labels.TYPES.items()
                        if kind.startswith(("image/", "font/"))), ")$"]
)  # fmt: skip
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}


def nginx(settings: Settings) -> str:
    """Write what stands inside nginx's `server { ... }`."""
    lines = [
        f"root {_quoted(str(settings.site_folder))};",
        "index index.html;",
        "charset off;",
        "absolute_redirect off;",
        "gzip off;",
        "gzip_static on;",
        "types {",
        *(f"    {_quoted(kind)} {end[1:]};" for end, kind in labels.TYPES.items()),
        "}",
        f"default_type {labels.UNKNOWN};",
        "",
        "# What differs from file to file.",
        f"set $publisher_age {_quoted(_age(labels.PAGE_AGE))};",
        *(f'set ${name} "";' for name in _NGINX_FEED),
        'set $publisher_hubs "";',
        *_nginx_if("uri", _PICTURE, publisher_age=_age(labels.PICTURE_AGE)),
        *_nginx_if("uri", f"/(?:{_ALL_NAMES})$", publisher_age=_age(labels.FEED_AGE)),
        *_nginx_if(
            "uri", f"/archive/[0-9]+/(?:{_ALL_NAMES})$", publisher_age=_age(labels.ARCHIVE_AGE)
        ),
        *_nginx_if(
            "uri",
            f"/(?:{_ALL_NAMES})$",
            **dict(zip(_NGINX_FEED[1:], labels.FEED_HEADERS.values(), strict=True)),
        ),
    ]
    for path, hubs in _hubs(settings):
        lines += _nginx_if("uri", f"^/{re.escape(path)}", publisher_hubs=hubs)
    lines += [
        *_nginx_if("uri", "/archive/[0-9]+/", publisher_hubs=""),
        *_nginx_if(
            "uri",
            f"^(.*/(?:{_NAMES}))$",
            publisher_link=f'<{_origin(settings)}$1>; rel="self"$publisher_hubs',
        ),
        "",
        "# A folder without a page is none.",
        'set $publisher_empty "";',
        'if (-d $request_filename) { set $publisher_empty "yes"; }',
        'if (-f "$request_filename/index.html") { set $publisher_empty ""; }',
        "if ($publisher_empty) { return 404; }",
        "",
        "add_header Cache-Control $publisher_age always;",
        "add_header Vary Accept-Encoding always;",
        "add_header Link $publisher_link;",
        *(
            f"add_header {name} ${variable} always;"
            for name, variable in zip(labels.FEED_HEADERS, _NGINX_FEED[1:], strict=True)
        ),
        *(f"add_header {name} {_quoted(text)} always;" for name, text in _always(settings).items()),
        "",
        "# Nothing hidden, and no compressed copy by its name.",
        f"location ~ {_quoted(_COPY)} {{ return 404; }}",
        f"location ~ {_quoted(r'/[.](?!well-known/)')} {{ return 404; }}",
        "",
        "# A withdrawn issue is gone, with all that stood in its folder.",
        f"location ~ {_quoted(_ISSUE.format(name='?<publisher_issue>'))} {{",
        f"    if (-f $document_root$publisher_issue/{GONE}) {{ return 410; }}",
        "}",
        "error_page 410 @publisher_gone;",
        "location @publisher_gone {",
        f"    set $publisher_age {_quoted(_age(labels.PAGE_AGE))};",
        "    etag off;",
        f"    try_files $publisher_issue/{GONE} =410;",
        "}",
        "",
        "# Feeds, and what a web reader asks beforehand.",
    ]
    for name, kind in labels.FEED_TYPES.items():
        lines += [
            f"location ~ {_quoted(f'/{re.escape(name)}$')} {{",
            "    types { }",
            f"    default_type {_quoted(kind)};",
            "    if ($request_method = OPTIONS) {",
            f"        add_header Access-Control-Allow-Origin {_quoted('*')};",
            *(f"        add_header {key} {_quoted(text)};" for key, text in _PREFLIGHT.items()),
            "        return 204;",
            "    }",
            "}",
        ]
    if _is_one_host(settings):
        lines += [
            "",
            "# What is alive. It says its headers itself; its addresses are secrets, so no log.",
            f"location ~ {_quoted(_alive(settings))} {{",
            "    access_log off;",
            f"    add_header Strict-Transport-Security {_quoted(_transport(settings))} always;",
            f"    proxy_pass http://{_program(settings)};",
            "    proxy_http_version 1.1;",
            "    proxy_set_header Host $host;",
            "    proxy_set_header X-Forwarded-For $remote_addr;",
            "}",
        ]
    return _text("nginx", lines)


def caddy(settings: Settings) -> str:
    """Write what stands inside Caddy's `host { ... }`."""
    feed_headers = {"Cache-Control": _age(labels.FEED_AGE), **labels.FEED_HEADERS}
    always = {**_always(settings), "Cache-Control": _age(labels.PAGE_AGE)}
    lines = [f"root * {_quoted(str(settings.site_folder))}", "route {"]
    if _is_one_host(settings):
        strict = _transport(settings)
        lines += [
            "\t# What is alive. It says its headers itself.",
            f"\t@alive path_regexp {_alive(settings)}",
            "\thandle @alive {",
            *([f"\t\theader Strict-Transport-Security {_quoted(strict)}"] if strict else []),
            f"\t\treverse_proxy {_program(settings)}",
            "\t}",
            "",
        ]
    lines += [
        *_caddy_headers("", always),
        f"\t@picture path_regexp {_PICTURE}",
        *_caddy_headers("@picture", {"Cache-Control": _age(labels.PICTURE_AGE)}),
        f"\t@feed path_regexp /(?:{_ALL_NAMES})$",
        *_caddy_headers("@feed", feed_headers),
        f"\t@archive path_regexp /archive/[0-9]+/(?:{_ALL_NAMES})$",
        *_caddy_headers("@archive", {"Cache-Control": _age(labels.ARCHIVE_AGE)}),
    ]
    for number, (end, kind) in enumerate((*labels.TYPES.items(), *labels.FEED_TYPES.items())):
        where = f"*{end}" if end.startswith(".") else f"*/{end}"
        lines += [f"\t@type{number} path {where}"]
        lines += _caddy_headers(f"@type{number}", {"Content-Type": kind})
    for number, (path, hubs) in enumerate(_hubs(settings)):
        inner = [one for one, _ in _hubs(settings) if one != path and one.startswith(path)]
        lines += [
            f"\t@linked{number} {{",
            f"\t\tpath_regexp ^/{re.escape(path)}(?:.*/)?(?:{_NAMES})$",
            *(f"\t\tnot path /{one}*" for one in inner),
            "\t}",
            f"\t@closed{number} {{",
            f"\t\tpath_regexp ^/{re.escape(path)}archive/[0-9]+/(?:{_NAMES})$",
            "\t}",
        ]
        own = f'<{_origin(settings)}{{uri}}>; rel="self"'
        lines += _caddy_headers(f"@linked{number}", {"Link": own + hubs})
        lines += _caddy_headers(f"@closed{number}", {"Link": own}) if hubs else []
    lines += [
        "\theader {",
        "\t\tVary Accept-Encoding",
        '\t\tLink "[?].*>; rel=.self" ">; rel=\\"self"',
        "\t\tdefer",
        "\t}",
    ]
    lines += [
        "",
        "\t# Nothing hidden, and no compressed copy by its name.",
        f"\t@copy path_regexp {_COPY}",
        "\terror @copy 404",
        "\t@hidden {",
        "\t\tpath_regexp /[.]",
        "\t\tnot path /.well-known/*",
        "\t}",
        "\terror @hidden 404",
        "",
        "\t# A withdrawn issue is gone, with all that stood in its folder.",
        f"\t@issue path_regexp issue {_ISSUE.format(name='')}",
        "\thandle @issue {",
        f"\t\t@gone file {{re.issue.1}}/{GONE}",
        "\t\troute @gone {",
        "\t\t\trequest_header -If-None-Match",
        "\t\t\trequest_header -If-Modified-Since",
        '\t\t\theader Content-Type "text/html; charset=utf-8"',
        f"\t\t\theader Cache-Control {_quoted(_age(labels.PAGE_AGE))}",
        "\t\t\theader -Etag",
        "\t\t\theader -Last-Modified",
        f"\t\t\trewrite * {{re.issue.1}}/{GONE}",
        "\t\t\tfile_server {",
        "\t\t\t\tstatus 410",
        "\t\t\t}",
        "\t\t}",
        "\t}",
        "",
        "\t# What a web reader asks beforehand.",
        "\t@asked {",
        "\t\tmethod OPTIONS",
        f"\t\tpath_regexp /(?:{_NAMES})$",
        "\t}",
        *_caddy_headers("@asked", _PREFLIGHT),
        "\trespond @asked 204",
        "",
        "\t@written not method GET HEAD",
        *_caddy_headers("@written", {"Allow": "GET, HEAD"}),
        "\terror @written 405",
        "",
        "\t@folder {",
        "\t\tnot path */",
        "\t\tfile {path}/index.html",
        "\t}",
        "\troute @folder {",
        "\t\theader {",
        '\t\t\tLocation "^/*([^?]*).*$" "/$1/"',
        "\t\t\tdefer",
        "\t\t}",
        "\t\tredir * {uri} 301",
        "\t}",
        "\tfile_server {",
        "\t\tprecompressed zstd br gzip",
        "\t}",
        "}",
    ]
    return _text("caddy", lines)


# --- what both say ------------------------------------------------------------

_NGINX_FEED: Final = ("publisher_link", "publisher_origins", "publisher_exposed")


def _text(server: str, lines: list[str]) -> str:
    head = [
        f"# Written by `publisher serving {server}`: not to be edited, but written again when",
        "# publisher.toml has changed.",
    ]
    return "\n".join([*head, *lines, ""])


def _origin(settings: Settings) -> str:
    """Give the site's address without a path, which it must not have."""
    site_url = next((one.site_url for one in settings.newsletters if one.site_url), None)
    if site_url is None:
        raise RefusedError("there is no site_url", hint="set it in publisher.toml")
    parts = urlsplit(site_url)
    if parts.path.strip("/"):
        raise RefusedError(
            f"site_url has a path, {parts.path}, and what is written is for a whole host",
            hint="give the site a host of its own, or pass its path on to `publisher run`",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_one_host(settings: Settings) -> bool:
    """Say whether what is alive answers where the files are."""
    origin = _origin(settings)
    return any(
        (one.app_url or f"{origin}/").startswith(f"{origin}/") for one in settings.newsletters
    )


def _alive(settings: Settings) -> str:
    paths = "|".join(re.escape(one.path) for one in settings.newsletters)
    return f"^/(?:(?:{paths})(?:{'|'.join(ALIVE)})(?:/|$)|health$)"


def _program(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _hubs(settings: Settings) -> list[tuple[str, str]]:
    """Give each newsletter's path with its hubs as the rest of a Link header, outer ones first."""
    return sorted(
        (one.path, "".join(f', <{hub}>; rel="hub"' for hub in one.hubs))
        for one in settings.newsletters
    )


def _always(settings: Settings) -> dict[str, str]:
    headers = site_headers(one.look.logo for one in settings.newsletters)
    strict = _transport(settings)
    return {**headers, **({"Strict-Transport-Security": strict} if strict else {})}


def _transport(settings: Settings) -> str:
    return "max-age=31536000" if _origin(settings).startswith("https:") else ""


def _age(seconds: int) -> str:
    return f"public, max-age={seconds}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _nginx_if(variable: str, pattern: str, **values: str) -> list[str]:
    sets = " ".join(f"set ${name} {_quoted(text)};" for name, text in values.items())
    return [f"if (${variable} ~ {_quoted(pattern)}) {{ {sets} }}"]


def _caddy_headers(matcher: str, headers: dict[str, str]) -> list[str]:
    where = f"{matcher} " if matcher else ""
    return [f"\theader {where}{name} {_quoted(text)}" for name, text in headers.items()]
