#!/usr/bin/env bash
# Apache Kafka for the tests: its jars are fetched into .cache, and nothing else on the machine changes.
#   kafka.sh install                     fetch what is not there yet
#   kafka.sh format CONFIG CLUSTER_ID …  prepare the data folder that CONFIG names
#   kafka.sh run CONFIG                  become a broker
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
version="$(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' "$here/pom.xml")"
home="$here/../../.cache/kafka-$version"
archive="$home/classes.jsa"

# Java as it starts soonest: brokers of tests live for seconds.
kafka_java() {
  exec java -Xms64m -Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto "${JAVA_EXTRA[@]}" \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS" \
    -Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils.AppInfoParser=info \
    -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
    -cp "$home/libs/*" "$@"
}
JAVA_EXTRA=()
if [[ -f "$archive" ]]; then JAVA_EXTRA=("-XX:SharedArchiveFile=$archive"); fi

fetch_jars() {
  aside="$(mktemp -d "$home/libs.XXXXXX")"
  trap 'rm -rf "$aside"' EXIT
  mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$aside" >&2
  chmod 755 "$aside"
  mv -T "$aside" "$home/libs" 2>/dev/null || test -d "$home/libs" # someone else was first
}

# Classes that a broker loads are kept in an archive, which halves the time that the next ones need. Without it all works too.
archive_classes() (
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  port=$((20000 + RANDOM % 6000 * 2))
  printf '%s\n' "process.roles=broker,controller" "node.id=1" "log.dirs=$folder/data" \
    "controller.quorum.voters=1@127.0.0.1:$((port + 1))" "controller.listener.names=CONTROLLER" \
    "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))" \
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT" \
    "log.cleaner.dedupe.buffer.size=10485760" >"$folder/config"
  (kafka_java kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$folder/config") >/dev/null
  JAVA_EXTRA=("-XX:ArchiveClassesAtExit=$folder/classes.jsa")
  : >"$folder/log"
  (kafka_java kafka.Kafka "$folder/config") >>"$folder/log" 2>&1 &
  broker=$!
  for _ in {1..300}; do
    if ! kill -0 "$broker" 2>/dev/null || grep -q "Kafka Server started" "$folder/log"; then break; fi
    sleep 0.1
  done
  kill "$broker" 2>/dev/null || true
  wait "$broker" 2>/dev/null || true
  cp "$folder/classes.jsa" "$archive.$$" && mv "$archive.$$" "$archive"
)

case "${1:-}" in
  install)
    mkdir -p "$home"
    if [[ ! -d "$home/libs" ]]; then fetch_jars; fi
    if [[ ! -f "$archive" ]]; then archive_classes || echo "Brokers start without an archive of classes." >&2; fi
    ;;
  format) kafka_java kafka.tools.StorageTool format --config "$2" --cluster-id "$3" "${@:4}" ;;
  run) kafka_java kafka.Kafka "$2" ;;
  *) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
