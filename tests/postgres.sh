#!/bin/sh
# A throw-away PostgreSQL for the tests: its own cluster, on a free port of loopback, stopped by its own pid.
#
#   tests/postgres.sh start DIR     makes a cluster in DIR, starts it and prints its URL
#   tests/postgres.sh stop DIR      stops the cluster of DIR and removes DIR
#   tests/postgres.sh run COMMAND   starts one, runs COMMAND with TIERWISE_TEST_POSTGRES_URL set, stops it
set -eu

bin_folder() {
    for folder in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /none/x)")"; do
        if [ -x "$folder/initdb" ]; then
            echo "$folder"
            return
        fi
    done
    echo "tests/postgres.sh: no PostgreSQL server here; install the package 'postgresql'" >&2
    exit 2
}

# The server refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

start() {
    bin=$(bin_folder)
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as_owner "$bin/initdb" --pgdata "$folder/data" --username tierwise --auth trust --encoding UTF8 >"$folder.log" 2>&1
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c max_connections=50 -c fsync=off"
    as_owner "$bin/pg_ctl" --pgdata "$folder/data" --log "$folder/server.log" --wait --options "$options" start >>"$folder.log" 2>&1
    echo "postgresql://tierwise@127.0.0.1:$port/postgres"
}

stop() {
    folder=$(cd "$1" && pwd)
    as_owner "$(bin_folder)/pg_ctl" --pgdata "$folder/data" --mode immediate --wait stop >/dev/null
    rm -rf "$folder" "$folder.log"
}

case "${1:-}" in
    start) start "${2:?folder missing}" ;;
    stop) stop "${2:?folder missing}" ;;
    run)
        shift
        folder=$(mktemp -d)
        chmod 755 "$folder"
        trap 'stop "$folder"' EXIT
        trap 'exit 143' INT TERM
        TIERWISE_TEST_POSTGRES_URL=$(start "$folder")
        export TIERWISE_TEST_POSTGRES_URL
        "$@"
        ;;
    *)
        sed -n '2,6p' "$0" >&2
        exit 2
        ;;
esac
