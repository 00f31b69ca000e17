#!/bin/sh
# Installs what the tests need beyond Python: programs on Debian, as root, and only what removes
# nothing; then, anywhere, what tests/node/package.json names, into .cache/node.
# Elsewhere, or where something would have to go, it prints the line to type and what is not tried.
# With CI=true whatever is still missing in the end is a failure.
set -eu
cd "$(dirname "$0")/.."

find_missing() {
  need=""
  want() { # want COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || need="$need $2"
  }
  want chromium chromium
  want newsboat newsboat
  want nginx nginx-light
  want caddy caddy
  want xmllint libxml2-utils
  want faketime faketime
  want node nodejs
  want npm npm
  want cc "gcc libc6-dev"
  want postfix postfix
  want spamassassin spamassassin
  want rspamd rspamd
  perl -MMail::DKIM -e 1 2>/dev/null || need="$need libmail-dkim-perl"
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 ||
    need="$need postgresql"
  { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; } ||
    need="$need fontconfig fonts-noto-cjk"
}

leave_missing() { # says what is not tested; a failure where CI=true
  echo "publisher: hint: not tested for want of:$need"
  echo "publisher: hint: $1"
  if [ "${CI:-}" = true ]; then exit 1; fi
}

install_programs() {
  find_missing
  [ -n "$need" ] || return 0
  line="apt-get install -y --no-install-recommends$need"
  if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    leave_missing "as root on Debian: $line"
    return 0
  fi
  apt-get update -qq || true
  if apt-get -s install --no-install-recommends $need 2>/dev/null | grep -q '^Remv'; then
    leave_missing "installing would remove packages, so it is left to you: $line"
    return 0
  fi
  echo "installing for the tests:$need"
  # A database cluster of its own is started by the tests; Debian's is not wanted.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  # Nor are the daemons of the others: none starts, now or with the machine.
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy.ours" && chmod +x "$policy.ours" &&
    mv "$policy.ours" "$policy" && ours=$policy; }
  DEBIAN_FRONTEND=noninteractive $line >"$log" 2>&1 || tail -n 20 "$log"
  rm -f $ours
  for daemon in nginx caddy rspamd postfix; do
    case "$need " in *" $daemon"[-\ ]*) systemctl disable --quiet $daemon 2>/dev/null || true ;; esac
  done
  find_missing
  [ -z "$need" ] || leave_missing "$line"
}

# Exim conflicts with Postfix, so it is unpacked beside: Debian's program, not Debian's package.
# It asks for the user its package would have made, and for libraries, which conflict with nothing.
unpack_exim() {
  exim=.cache/exim/usr/sbin/exim4
  if [ ! -x $exim ]; then
    command -v apt-get >/dev/null 2>&1 || { need=" exim4"; leave_missing "on Debian: make test"; return 0; }
    echo "unpacking for the tests: exim4"
    rm -rf .cache/exim.new
    mkdir -p .cache/exim.new
    if ! (cd .cache/exim.new && apt-get download exim4-daemon-light >"$log" 2>&1 &&
      dpkg -x exim4-daemon-light_*.deb . && chmod u-s usr/sbin/exim4 &&
      rm -f ./*.deb && mv ../exim.new ../exim); then
      tail -n 5 "$log"
      need=" exim4"
      leave_missing "where Debian's packages can be fetched: apt-get download exim4-daemon-light"
      return 0
    fi
  fi
  [ "$(id -u)" = 0 ] || return 0 # it is started by root alone
  id Debian-exim >/dev/null 2>&1 ||
    useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim
  if ldd $exim | grep -q 'not found'; then
    need=" libdb5.3 libgnutls-dane0 libidn12 libidn2-0 libnsl2 libpcre2-8-0"
    line="apt-get install -y --no-install-recommends$need"
    DEBIAN_FRONTEND=noninteractive $line >"$log" 2>&1 || { tail -n 5 "$log"; leave_missing "$line"; }
  fi
}

# No lock file: it would carry the addresses of a registry. The direct versions are exact, and
# --before gives everybody the same of what those ask for. No package runs a script of its own.
install_judges() {
  stamp=.cache/node/ready.json # what is installed; written last
  cmp -s tests/node/package.json "$stamp" && return 0
  command -v npm >/dev/null 2>&1 || return 0 # said above
  echo "installing for the tests: the judges of mail and feeds"
  rm -rf .cache/node
  mkdir -p .cache/node
  cp tests/node/package.json .cache/node/
  line="npm install --before=2026-11-21 --no-package-lock --no-audit --no-fund --ignore-scripts"
  if (cd .cache/node && $line) >"$log" 2>&1; then
    cp tests/node/package.json "$stamp"
    return 0
  fi
  grep -v EBADENGINE "$log" | head -n 5
  need=" html-validate axe-core mjml caniemail feedsmith"
  leave_missing "where the package registry answers: make test (it runs $line)"
}

policy=/usr/sbin/policy-rc.d # what Debian's packages ask before they start a daemon
ours=
log=$(mktemp)
trap 'rm -f "$log" $ours' EXIT
trap 'exit 130' INT TERM
install_programs
unpack_exim
install_judges
