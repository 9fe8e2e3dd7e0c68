#!/usr/bin/env bash
# Builds opsctl for speed, starts a private MariaDB with the durability of production, and
# measures on both stores what the speed figures of this project come from. Prints one table.
#
#   benches/run.sh [reserve] [volume] [start] [sync] [station] [pages] [print] [slips]    only these;
#   all without a name
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/servers.sh

cargo bench --quiet --bench speed --no-run
start_mariadb speed
export OPSCTL_TEST_MARIADB=$url
start_cups
export OPSCTL_TEST_CUPS=$url
cargo bench --quiet --bench speed -- "$@"
