# What the scripts share: building with a sign of how far it is. Sourced by scripts that stand at the top of the tree.

set -o pipefail  # the pipe that shows a build fails with it

say() { printf '%s\n' "$*" >&2; }

# Holds the lock `name` for as long as this script runs, and says so when it has to wait.
hold_lock() {  # name
  mkdir -p build
  exec {lock_fd}>"build/$1.lock"
  flock -n "$lock_fd" || { say "waiting for another script that holds build/$1.lock"; flock "$lock_fd"; }
}

# Shows ninja's lines as a progress: in place on a terminal, else a line each ten seconds.
show_progress() {  # what is built
  local line start=$SECONDS shown=-10
  while IFS= read -r line; do
    [[ $line =~ ^\[[1-9][0-9]*/[0-9]+\] ]] || continue
    if [ -t 2 ]; then
      printf '\r%s: %s %d s ' "$1" "${BASH_REMATCH[0]}" $((SECONDS - start)) >&2
      shown=$SECONDS
    elif ((SECONDS - shown >= 10)); then
      say "$1: ${BASH_REMATCH[0]} $((SECONDS - start)) s"
      shown=$SECONDS
    fi
  done
  if [ -t 2 ] && ((shown >= 0)); then echo >&2; fi
}

# Configures build/DIR by a preset, when that was not done or the presets have changed.
configure() {  # dir preset cmake-arguments...
  local dir=$1 preset=$2 log=build/$1-configure.log
  shift 2
  [ CMakePresets.json -nt "build/$dir/build.ninja" ] || return 0
  (
    hold_lock "$dir"
    [ CMakePresets.json -nt "build/$dir/build.ninja" ] || exit 0  # another script has done it meanwhile
    say "build/$dir: configuring"
    cmake --preset "$preset" -B "build/$dir" "$@" >"$log" 2>&1 || {
      tail -n 40 "$log" >&2
      say "build/$dir: CMake failed (all it said is in $log). If it misses a package, run scripts/setup --tests; if the"
      say "folder stems from another system or place, remove build/$dir and try again."
      exit 1
    }
    touch "build/$dir/build.ninja"
  )
}

ninja_in() {  # dir targets...
  local dir=$1 log=build/$1-build.log
  shift
  (
    hold_lock "$dir"
    ninja -C "build/$dir" "$@" 2>&1 | tee "$log" | show_progress "build/$dir"
  ) || {
    grep -E -A 12 'error[: ]|FAILED|undefined|ninja: ' "$log" | head -n 60 >&2
    say "build/$dir: the build of $* failed; all it said is in $log"
    return 1
  }
}

build() {  # preset targets...
  mkdir -p build
  configure "$1" "$1" && ninja_in "$@"
}

# The tests, beside the programs that users run and out of the same libraries, which so are compiled only once.
build_with_tests() {  # targets...
  mkdir -p build
  configure release release || return
  if ! grep -qx 'LOCKSTEP_TESTS:BOOL=ON' build/release/CMakeCache.txt; then
    rm -f build/release/build.ninja
    configure release release -DLOCKSTEP_TESTS=ON || return
  fi
  ninja_in release "$@"
}

# The commit that this work started from: where it left the main branch.
main_base() {
  local main
  for main in origin/main main; do
    git merge-base HEAD "$main" 2>/dev/null && return
  done
  return 1
}

# The files that differ from there and match one of the patterns, new ones included.
changed_files() {  # git pathspecs...
  local base
  base=$(main_base) || return 0
  { git diff --name-only --diff-filter=d "$base" -- "$@"; git ls-files --others --exclude-standard -- "$@"; } | sort -u
}
