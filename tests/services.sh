#!/bin/sh
# Installs what the tests need beyond Python: on Debian, as root, and only what removes nothing.
# Elsewhere, or where something would have to go, it prints the line to type.
set -eu

need=""
want() { # want COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || need="$need $2"
}
want chromium chromium
want newsboat newsboat
want nginx nginx-light
want xmllint libxml2-utils
want sqlite3 sqlite3
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need="$need postgresql"
{ command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; } || need="$need fontconfig fonts-noto-cjk"

[ -z "$need" ] && exit 0
line="apt-get install -y --no-install-recommends$need"
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  echo "publisher: hint: not everything can be tested without:$need"
  echo "publisher: hint: as root on Debian: $line"
  exit 0
fi
apt-get update -qq || true
if apt-get -s install --no-install-recommends $need 2>/dev/null | grep -q '^Remv'; then
  echo "publisher: hint: installing would remove packages, so it is left to you: $line"
  exit 0
fi
echo "installing for the tests:$need"
# A database cluster of its own is started by the tests; Debian's is not wanted.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
log=$(mktemp)
DEBIAN_FRONTEND=noninteractive $line >"$log" 2>&1 || { tail -n 20 "$log"; exit 1; }
rm -f "$log"
