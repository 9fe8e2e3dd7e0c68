#!/usr/bin/env bash
# Builds opsctl for speed, starts a private MariaDB with the durability of production, and
# measures on both stores what the speed figures of this project come from. Prints one table.
#
#   benches/run.sh [reserve] [volume] [start] [sync] [station] [pages] [slips]    only these; all without a name
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/servers.sh

cargo bench --quiet --bench speed --no-run
start_mariadb speed
export OPSCTL_TEST_MARIADB=$url
cargo bench --quiet --bench speed -- "$@"
