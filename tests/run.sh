#!/usr/bin/env bash
# Installs what the tests need where it is missing, starts private servers on free ports,
# runs every test on both stores, and leaves nothing running.
#
#   tests/run.sh [arguments for cargo test]
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/servers.sh

# Tests kill processes, not machines: what survives a kill need not be on disk.
start_mariadb plain --innodb-flush-log-at-trx-commit=2
export OPSCTL_TEST_MARIADB=$url
start_mariadb snapshot --innodb-flush-log-at-trx-commit=2 --innodb-snapshot-isolation=ON
export OPSCTL_TEST_MARIADB_SNAPSHOT=$url

start_cups
export OPSCTL_TEST_CUPS=$url
need_code_reader
export OPSCTL_TEST_CODE_READER=$reader

cargo test --all-features --lib --bins --tests "$@"
