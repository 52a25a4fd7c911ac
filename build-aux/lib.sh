# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by build-aux/run and build-aux/test; sourced by bash with `set -euo pipefail`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say ()
{
  printf '== %s\n' "$*"
}

# package_lines SECTION...: the lines of build-aux/packages in these sections.
package_lines ()
{
  awk -v wanted=" $* " '
    /^#/ || NF == 0 { next }
    /^\[/ { inside = index (wanted, " " substr ($1, 2, length ($1) - 2) " "); next }
    inside' "$top/build-aux/packages"
}

# probe WORD: whether the system has what one probe of build-aux/packages names.
probe ()
{
  local name=${1#*:} least='' major
  if [[ $name == *'>='* ]]; then
    least=${name#*>=}
    name=${name%%>=*}
  fi
  case $1 in
    pc:*) pkg-config --exists "$name${least:+ >= $least}" 2>/dev/null ;;
    py:*) /usr/bin/python3 -c "import $name" 2>/dev/null ;;
    cmd:*)
      command -v "$name" >/dev/null || return 1
      [[ -z $least ]] && return 0
      major=$("$name" --version </dev/null 2>/dev/null | grep -om1 '[0-9]\+' | head -n 1)
      [[ ${major:-0} -ge $least ]] ;;
  esac
}

probes_pass ()
{
  local word
  for word in "$@"; do
    probe "$word" || return 1
  done
}

# missing_packages SECTION...: one line for each package that dpkg does not have installed, with its
# alternatives.
missing_packages ()
{
  local -A installed=()
  local name status words
  while read -r name status; do
    [[ $status != installed ]] || installed[$name]=1
  done < <(dpkg-query -W -f='${Package} ${db:Status-Status}\n')

  while read -ra words; do
    if [[ ${words[0]} == '~' ]]; then
      words=("${words[@]:1}")
      ! probes_pass "${words[@]:1}" || continue
    fi
    for name in ${words[0]//|/ }; do
      [[ -z ${installed[$name]:-} ]] || continue 2
    done
    echo "${words[0]//|/ }"
  done < <(package_lines "$@")
}

# The prefix that makes a command run as root, in `as_root`; fails where there is none.
find_root ()
{
  as_root=()
  [[ $EUID -ne 0 ]] || return 0
  command -v sudo >/dev/null || return 1
  # A password can only be asked for at a terminal.
  if [[ -t 0 ]]; then as_root=(sudo); else as_root=(sudo -n); fi
}

install_on_debian ()
{
  local missing choice names=()
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0

  if ! find_root; then
    say "Not root and no sudo; going on without: ${missing//$'\n'/, }"
    return 0
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
             apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  say "Installing: ${missing//$'\n'/, }"
  "${apt[@]}" update || say "apt-get update failed; trying with the lists that are there"

  while read -r choice; do
    for name in $choice; do
      if apt-cache show "$name" >/dev/null 2>&1; then
        names+=("$name")
        continue 2
      fi
    done
    say "No package here is called $choice; going on without"
  done <<<"$missing"
  [[ ${#names[@]} -eq 0 ]] || "${apt[@]}" install --no-install-recommends "${names[@]}" ||
    say "Some packages could not be installed; going on"
}

report_elsewhere ()
{
  local words word
  while read -ra words; do
    [[ ${words[0]} != '~' ]] || words=("${words[@]:1}")
    for word in "${words[@]:1}"; do
      probe "$word" || say "Missing: ${word#*:} (Debian calls the package ${words[0]})"
    done
  done < <(package_lines "$@")
}

# ensure_packages SECTION...: installs what is missing, or says what is.
ensure_packages ()
{
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_on_debian "$@"
  else
    report_elsewhere "$@"
  fi
}

# setup_tree FOLDER [meson option]...: configured when it is not yet. Ninja itself runs meson again
# when a meson.build has changed.
setup_tree ()
{
  local folder=$top/$1 log
  shift
  [[ ! -f $folder/build.ninja ]] || return 0
  say "Configuring ${folder#"$top"/}"
  log=$(meson setup "$folder" "$top" "$@" </dev/null 2>&1) || { echo "$log"; return 1; }
}

# build_tree FOLDER [meson option]...: prints only warnings and errors.
build_tree ()
{
  setup_tree "$@" || return 1
  say "Building $1"
  ninja --quiet -C "$top/$1" </dev/null
}

# use_build_tree FOLDER: settings, translations and icons of a program that is not installed.
use_build_tree ()
{
  export GSETTINGS_SCHEMA_DIR=$top/$1/data
  export DUPLEX_LOCALEDIR=$top/$1/po
  export XDG_DATA_DIRS=$top/data:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}
}
