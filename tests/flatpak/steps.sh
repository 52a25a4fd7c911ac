# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
# The steps of build-aux/test --flatpak; sourced by it. They need root.
#
# All is in build/flatpak and used again: a second run compiles only what has changed. With
# DUPLEX_FLATPAK_REPO=FOLDER the runtime comes from an OSTree repository that is there already.

flatpak_work=$top/build/flatpak
flatpak_source=$flatpak_work/source
flatpak_sdk_log=$flatpak_work/sdk/meson-logs/testlog.json
# Apart from the machine's own installation.
export FLATPAK_SYSTEM_DIR=$flatpak_work/system

# manifest_value KEY
manifest_value ()
{
  /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
    "$flatpak_source"/flatpak/*.json "$1"
}

# What git knows of the working tree, and new files that it does not ignore.
flatpak_export ()
{
  rm -rf "$flatpak_source"
  mkdir -p "$flatpak_source"
  local git=(git -c safe.directory="$top" -C "$top")
  "${git[@]}" ls-files -z --cached --others --exclude-standard |
    (cd "$top" && while IFS= read -rd '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done) |
    tar -C "$top" --null --files-from=- -c | tar -C "$flatpak_source" -x || return 1
  flatpak_id=$(manifest_value id) && flatpak_branch=$(manifest_value runtime-version)
}

flatpak_runtime ()
{
  local repo=${DUPLEX_FLATPAK_REPO:-$flatpak_work/repo} name names=()
  if [[ -z ${DUPLEX_FLATPAK_REPO:-} ]]; then
    "$top/tests/flatpak/make-standin" "$repo" "$flatpak_branch" || return 1
  fi
  for name in Platform Sdk; do
    names+=("org.gnome.$name/$(uname -m)/$flatpak_branch")
  done
  flatpak --system remote-add --if-not-exists --no-gpg-verify standin "file://$repo" &&
    flatpak --system remote-modify --url="file://$repo" standin &&
    flatpak --system install -y --noninteractive --or-update standin "${names[@]}"
}

flatpak_build ()
{
  rm -rf "$flatpak_work/state/build"
  # rofiles-fuse needs /dev/fuse, which a container may lack.
  (cd "$flatpak_work" &&
    flatpak-builder --force-clean --disable-rofiles-fuse --keep-build-dirs --ccache \
      --state-dir=state --repo=app-repo --default-branch=master app \
      "$flatpak_source/flatpak/$flatpak_id.json") >"$flatpak_work/build.log" 2>&1 ||
    { tail -n 60 "$flatpak_work/build.log"; return 1; }
}

# With api_floor=current, what the runtime deprecates would be an error; this is whether it was.
flatpak_deprecations ()
{
  local log=$flatpak_work/build.log
  grep -q 'API floor *: current' "$log" ||
    { say "It was not built against the runtime's API"; return 1; }
  # Newer compilers warn of more; those are shown, and no fault of the Flatpak.
  grep -n 'warning: ' "$log" || true
  ! grep -qiE 'warning: .*deprecat' "$log"
}

# In the build folder that the manifest was built in, inside the SDK and without a network. What
# needs a display, or tools that an SDK has not, is tested elsewhere.
flatpak_sdk_tests ()
{
  local inside=/run/build/duplex
  rm -rf "$flatpak_work/sdk"
  flatpak build --bind-mount="$inside=$flatpak_work/state/build/duplex" --build-dir="$inside" \
    "$flatpak_work/app" meson test -C _flatpak_build --no-rebuild --timeout-multiplier 2 \
    --no-suite app --no-suite check --no-suite interop --no-suite ui || true
  mkdir -p "${flatpak_sdk_log%/*}"
  cp "$flatpak_work/state/build/duplex/_flatpak_build/meson-logs/testlog.json" "$flatpak_sdk_log"
}

flatpak_bundle ()
{
  flatpak build-bundle "$flatpak_work/app-repo" "$flatpak_work/duplex.flatpak" "$flatpak_id" master
}

# The rest as somebody who is not root, and made for this. The work folder may be out of their
# reach, as below /root; a mount that only they see brings it to /tmp. TAP lines go to $1.
flatpak_use ()
(
  user=duplex-flatpak-$BASHPID
  place=$(mktemp -d /tmp/duplex-flatpak.XXXXXX) &&
    useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user" ||
    return 1
  # userdel refuses while a process of theirs is left, which would be a fault of the test.
  trap 'status=$?; userdel "$user" || status=1; rmdir "$place"; exit $status' EXIT

  # Only root may make the folder of X's sockets.
  [[ -d /tmp/.X11-unix ]] || mkdir -m 1777 /tmp/.X11-unix
  rm -rf "$flatpak_work/pictures" "$flatpak_work/tests" "$flatpak_work/duplex.png"
  mkdir -p "$flatpak_work/pictures" "$flatpak_work/tests"
  cp -r "$flatpak_source/tests/ui" "$flatpak_source/tests/flatpak" "$flatpak_work/tests"
  chmod 755 "$flatpak_work" "$place"
  chown "$user" "$flatpak_work/pictures"

  unshare --mount bash -ec 'mount --bind "$1" "$2"; shift 2; exec "$@"' - "$flatpak_work" "$place" \
    setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i -C / PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 FLATPAK_SYSTEM_DIR="$place/system" \
    /usr/bin/python3 "$place/tests/flatpak/use-flatpak.py" "$flatpak_id" \
    "$place/duplex.flatpak" "$place/pictures" | tee -a "$1" || return 1
  chown -R root: "$flatpak_work/pictures" &&
    cp "$flatpak_work/pictures/duplex.png" "$flatpak_work"
)
