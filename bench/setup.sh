#!/bin/sh
# Installs the contenders into $BENCH_WORK (default bench/.work, ignored by git) with the ordinary package clients.
# It needs node with npm, ruby with gem, cargo, python3, and the programs of redis-server, redis-cli and PostgreSQL.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=${BENCH_WORK:-$here/.work}
mkdir -p "$work/node"
cp "$here/adapters/package.json" "$work/node/"
(cd "$work/node" && npm install --no-audit --no-fund --no-package-lock --silent)
# Not where the system has one already.
ruby -e 'require "sidekiq"' 2>/dev/null ||
  gem install --silent --no-document --conservative --install-dir "$work/gems" connection_pool:2.5.0 sidekiq:7.3.9
CARGO_TARGET_DIR="$work/rust" cargo build --release --manifest-path "$here/adapters/graphile_rs/Cargo.toml"
