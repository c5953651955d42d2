#!/usr/bin/env bash
# Fetches what tests need besides Python: Apache Kafka's jars into .cache and, as root on Debian, PostgreSQL and Chromium.
# What is there already costs nothing. Java 17 and Maven must be there.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

has_postgres() { compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null; }
has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

install_packages() {
  local missing=()
  has_postgres || missing+=(postgresql)
  has_chromium || missing+=(chromium fonts-dejavu-core)
  if [[ "${#missing[@]}" == 0 ]]; then return; fi
  if [[ "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]}; install your system's packages (PostgreSQL 15 or newer, Chromium)." >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  output="$(apt-get update -qq 2>&1 && apt-get install -y -qq --no-install-recommends "${missing[@]}" 2>&1)" || {
    echo "${missing[*]} could not be installed: $output" >&2
    return 1
  }
}

install_packages &
packages=$!
ended=0
"$here/kafka.sh" install || ended=1
wait "$packages" || ended=1
exit "$ended"
