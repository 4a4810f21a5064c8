#!/usr/bin/env bash
# A private PostgreSQL cluster that is thrown away afterwards: fresh directory, Unix socket only, no TCP.
# No existing cluster is touched, and several of these can run at the same time.
#
#   cluster.sh run [--profile test|bench] -- COMMAND...   start, run COMMAND with PGHOST/PGPORT/PGUSER/PGDATABASE set,
#                                                         always stop and remove; exits with COMMAND's exit code
#   cluster.sh start [--profile test|bench]               start one and leave it running
#   cluster.sh psql-env                                   print its environment: eval "$(.ci/cluster.sh psql-env)"
#   cluster.sh stop                                       stop and remove it
#   cluster.sh kill | restart                             of the cluster in RCT_CLUSTER_DIR: SIGKILL to its postmaster;
#                                                         start it again (for tests of what survives)
#
# test   not durable (fsync off), jit off, no autovacuum, so that plans and timings do not wobble; databases can be replicated
# bench  durable, default settings, except shared_buffers (RCT_BENCH_SHARED_BUFFERS, 2GB) and max_parallel_workers 4
#
# PostgreSQL refuses to run as root: for root the server runs as the user postgres, or nobody if there is none.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

state=$target/cluster.env
dir=
running=
child=
profile='test'
port=5432 # only the name of a socket in a directory of its own

usage() {
  sed -n '5,11s/^# \{0,3\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

server_user=
if [ "$(id -u)" = 0 ]; then
  for user in postgres nobody; do
    if id "$user" >/dev/null 2>&1; then
      server_user=$user
      break
    fi
  done
  [ -n "$server_user" ] || die "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
fi

# Runs a command as the user of the server, without the caller's Postgres settings.
as_server() (
  cd /
  unset "${!PG@}"
  unset RUST_BACKTRACE RUST_LIB_BACKTRACE # a server has no such thing: errors would carry the library's stack
  if [ -z "$server_user" ]; then
    exec "$@"
  elif command -v runuser >/dev/null; then
    exec runuser -u "$server_user" -- "$@"
  else
    exec su -s /bin/sh "$server_user" -c "$(printf '%q ' "$@")"
  fi
)

# A fresh directory that only the server's user (and root) can enter. A socket path holds about 100 characters, and the
# caller's TMPDIR may be closed to the server's user: then /tmp.
make_dir() {
  local base
  for base in "${TMPDIR:-/tmp}" /tmp; do
    if [ ${#base} -gt 60 ]; then continue; fi
    dir=$(mktemp -d "$base/pg_rct.XXXXXX") || continue
    if [ -n "$server_user" ]; then chown "$server_user" "$dir"; fi
    if as_server test -w "$dir"; then return; fi
    rm -rf "$dir"
    dir=
  done
  die "no temporary directory that the server's user ${server_user:-$(id -un)} can use"
}

settings() {
  cat <<END
listen_addresses = ''
unix_socket_directories = '$dir/socket'
unix_socket_permissions = 0700
port = $port
max_connections = 150
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'ISO, YMD'
lc_messages = 'C'
END
  # small containers: parallel queries need more than the usual 64 MB of shared memory there
  if [ -d /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -lt 262144 ]; then
    echo "dynamic_shared_memory_type = mmap"
  fi
  case $profile in
    test)
      cat <<END
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
max_worker_processes = 40
max_parallel_workers = 32
max_parallel_workers_per_gather = 4
wal_level = logical
END
      ;;
    bench)
      cat <<END
shared_buffers = ${RCT_BENCH_SHARED_BUFFERS:-2GB}
max_parallel_workers = 4
END
      ;;
  esac
}

start_cluster() {
  need_pg
  # Debian's default locale settings vary; the text of messages and the order of rows must not
  local initdb=(--username=postgres --auth=trust --encoding=UTF8 --locale=C)
  if [ "$profile" = test ]; then initdb+=(--no-sync); fi
  make_dir
  as_server mkdir -m 0700 "$dir/socket"
  if ! as_server "$PG_BINDIR/initdb" -D "$dir/data" "${initdb[@]}" >"$dir/initdb.log" 2>&1; then
    cat "$dir/initdb.log" >&2
    die "initdb failed"
  fi
  settings | as_server tee -a "$dir/data/postgresql.conf" >/dev/null
  # trust is safe here: nobody else can reach the socket
  printf 'local all all trust\nlocal replication all trust\n' | as_server tee "$dir/data/pg_hba.conf" >/dev/null
  running=yes
  # detached from our output: the server would keep the caller's pipe open
  if ! as_server "$PG_BINDIR/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 120 start </dev/null >"$dir/pg_ctl.log" 2>&1; then
    cat "$dir/pg_ctl.log" "$dir/server.log" >&2 || true
    die "the server did not start"
  fi
  say "private PostgreSQL $PG_MAJOR cluster ($profile) in $dir"
}

stop_cluster() {
  local pid
  if [ -z "$dir" ] || [ ! -d "$dir" ]; then return; fi
  if [ -n "$running" ] && [ -f "$dir/data/postmaster.pid" ]; then
    pid=$(head -n 1 "$dir/data/postmaster.pid")
    # nothing is worth a checkpoint here
    as_server "$PG_BINDIR/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 ||
      as_server kill -KILL "$pid" 2>/dev/null || true
  fi
  if [ -f "$dir/server.log" ]; then
    mkdir -p "$target/ci/pg$PG_MAJOR"
    cp "$dir/server.log" "$target/ci/pg$PG_MAJOR/postgres-$profile.log"
    if grep -qE 'was terminated by signal|PANIC:' "$dir/server.log"; then
      note "a server process crashed during this run; see $target/ci/pg$PG_MAJOR/postgres-$profile.log"
    fi
  fi
  rm -rf "$dir"
  dir=
}

environment() {
  local pg_config=$PG_CONFIG major=$PG_MAJOR bindir=$PG_BINDIR
  unset "${!PG@}" # the caller's PGSERVICE, PGOPTIONS, PGPASSFILE, ... must not leak in
  export PG_CONFIG=$pg_config PG_MAJOR=$major PG_BINDIR=$bindir
  export PGHOST=$dir/socket PGPORT=$port PGUSER=postgres PGDATABASE=postgres
  export PATH=$PG_BINDIR:$PATH PSQL_PAGER=cat RCT_CLUSTER_DIR=$dir
}

on_signal() {
  trap '' INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    for _ in $(seq 50); do
      kill -0 -- "-$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null || true
  fi
  exit "$1" # the EXIT trap removes the cluster
}

run() {
  local status=0
  trap stop_cluster EXIT
  trap 'on_signal 130' INT
  trap 'on_signal 143' TERM
  trap 'on_signal 129' HUP
  start_cluster
  environment
  if [ -t 0 ]; then exec </dev/null; fi
  # in a process group of its own, so that a signal ends all of it; in the background, so that the signal is seen at once
  set -m
  "$@" <&0 &
  child=$!
  set +m
  wait "$child" || status=$?
  child=
  exit "$status"
}

start() {
  if [ -f "$state" ]; then die "a cluster is running already; stop it with: .ci/cluster.sh stop"; fi
  trap stop_cluster EXIT
  start_cluster
  mkdir -p "$target"
  (
    environment
    printf 'export %s\n' PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER=postgres PGDATABASE=postgres \
      PATH="$(printf %q "$PG_BINDIR"):\$PATH" PSQL_PAGER=cat RCT_CLUSTER_DIR="$dir" PG_CONFIG="$PG_CONFIG"
    echo "# profile $profile"
  ) >"$state"
  trap - EXIT
  note "eval \"\$(.ci/cluster.sh psql-env)\"  to connect,  .ci/cluster.sh stop  to end it"
}

stop() {
  [ -f "$state" ] || die "no cluster of 'cluster.sh start' is running"
  dir=$(sed -n 's/^export RCT_CLUSTER_DIR=//p' "$state")
  PG_CONFIG=$(sed -n 's/^export PG_CONFIG=//p' "$state")
  profile=$(sed -n 's/^# profile //p' "$state")
  unset PG
  need_pg
  running=yes
  stop_cluster
  rm -f "$state"
  say "stopped and removed"
}

kill_server() {
  dir=${RCT_CLUSTER_DIR:?}
  as_server kill -KILL "$(head -n 1 "$dir/data/postmaster.pid")"
}

# The other processes of a killed server end when they notice; until then their shared memory is in the way of a new one.
restart() {
  dir=${RCT_CLUSTER_DIR:?}
  need_pg
  for _ in $(seq 100); do
    if as_server "$PG_BINDIR/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 120 start </dev/null >"$dir/pg_ctl.log" 2>&1; then
      return
    fi
    sleep 0.1
  done
  cat "$dir/pg_ctl.log" >&2
  die "the server did not start again"
}

command=${1:-}
if [ $# -gt 0 ]; then shift; fi
while [ $# -gt 0 ]; do
  case $1 in
    --profile)
      profile=${2:-}
      shift 2 || usage
      ;;
    --)
      shift
      break
      ;;
    *) usage ;;
  esac
done
case $profile in test | bench) ;; *) usage ;; esac
case $command in
  run)
    [ $# -gt 0 ] || usage
    run "$@"
    ;;
  start) start ;;
  stop) stop ;;
  kill) kill_server ;;
  restart) restart ;;
  psql-env)
    [ -f "$state" ] || die "no cluster of 'cluster.sh start' is running"
    cat "$state"
    ;;
  *) usage ;;
esac
