#!/usr/bin/env bash
# Fetches what the server tests need: Apache Kafka's jars into .cache and, as root on Debian, PostgreSQL.
# What is there already costs nothing. Java 17 and Maven must be there.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

install_postgres() {
  if compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null; then return; fi
  if [[ "$(id -u)" != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "PostgreSQL 15 or newer is missing; install your system's package of it." >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  output="$(apt-get update -qq 2>&1 && apt-get install -y -qq --no-install-recommends postgresql 2>&1)" || {
    echo "PostgreSQL could not be installed: $output" >&2
    return 1
  }
}

install_postgres &
postgres=$!
ended=0
"$here/kafka.sh" install || ended=1
wait "$postgres" || ended=1
exit "$ended"
