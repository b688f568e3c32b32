# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts in this folder: the root of the tree, and steps that show their name and time.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Paths beneath the root count as relative ones: another clone, or the wheels' build, finds what this one has compiled.
# Precompiled headers are found too; no source asks for the time.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' red='' plain=''; fi

say() { printf '%s\n' "$*"; }
die() { printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2; exit 1; }

# step "name" command...: prints the name, runs the command, prints how long it took. The command's status is kept.
step_number=0
step() {
  local name=$1 begin=$SECONDS status=0
  shift
  step_number=$((step_number + 1))
  printf '%s[%d] %s%s\n' "$bold" "$step_number" "$name" "$plain"
  "$@" || status=$?
  if ((status == 0)); then
    printf '%s[%d] %s: %d s%s\n' "$dim" "$step_number" "$name" "$((SECONDS - begin))" "$plain"
  else
    printf '%s[%d] %s: failed with status %d after %d s%s\n' "$red" "$step_number" "$name" "$status" "$((SECONDS - begin))" "$plain" >&2
  fi
  return "$status"
}

# as_root command...: directly when we are root, else through sudo.
as_root() {
  if ((EUID == 0)); then "$@"; elif command -v sudo > /dev/null; then sudo "$@"; else
    die "this needs root, and there is no sudo: $*"
  fi
}

# thin: on a terminal everything passes; elsewhere only every 20th "[n/m]" line of a build, and all other lines.
thin() {
  if [[ -t 1 ]]; then cat; else
    awk '{ if (match($0, /^\[[0-9]+\/[0-9]+\]/)) {
             split(substr($0, 2), n, /[\/\]]/)
             if (n[1] % 20 == 0 || n[1] == n[2]) { print "    " $0; fflush() }
           } else { print; fflush() } }'
  fi
}

# configure_preset PRESET [CMAKE_ARG...] and build_preset PRESET [TARGET...]: logs in build/log/.
configure_preset() {
  local preset=$1 log
  shift
  log=$root/build/log/configure-$preset.txt
  mkdir -p "$root/build/log"
  (cd "$root" && cmake --preset "$preset" "$@") > "$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}
build_preset() {
  local preset=$1
  shift
  set -o pipefail
  cmake --build "$root/build/$preset" -j "$(nproc)" ${@:+--target "$@"} 2>&1 | tee "$root/build/log/build-$preset.txt" | thin
}
