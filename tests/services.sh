#!/bin/sh
# Installs what the tests need beyond Python: on Debian, as root, and only what removes nothing.
# Elsewhere, or where something would have to go, it prints the line to type and what is not tried.
# With CI=true whatever is still missing in the end is a failure.
set -eu

find_missing() {
  need=""
  want() { # want COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || need="$need $2"
  }
  want chromium chromium
  want newsboat newsboat
  want nginx nginx-light
  want xmllint libxml2-utils
  want faketime faketime
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 ||
    need="$need postgresql"
  { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; } ||
    need="$need fontconfig fonts-noto-cjk"
}

leave_missing() { # says what is not tested; a failure where CI=true
  echo "publisher: hint: not tested for want of:$need"
  echo "publisher: hint: $1"
  if [ "${CI:-}" = true ]; then exit 1; fi
  exit 0
}

find_missing
[ -n "$need" ] || exit 0
line="apt-get install -y --no-install-recommends$need"
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  leave_missing "as root on Debian: $line"
fi
apt-get update -qq || true
if apt-get -s install --no-install-recommends $need 2>/dev/null | grep -q '^Remv'; then
  leave_missing "installing would remove packages, so it is left to you: $line"
fi
echo "installing for the tests:$need"
# A database cluster of its own is started by the tests; Debian's is not wanted.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
log=$(mktemp)
trap 'rm -f "$log"' EXIT
DEBIAN_FRONTEND=noninteractive $line >"$log" 2>&1 || { tail -n 20 "$log"; leave_missing "$line"; }
find_missing
[ -z "$need" ] || leave_missing "$line"
