#!/bin/sh
# Makes sure that Check (https://libcheck.github.io/check) is there: tries the system's package
# manager when it may, else says what to install.
set -u
CC=${CC:-cc}
have() { printf '#include <check.h>\nint main(void){return 0;}\n' | "$CC" -x c - -o /dev/null $(pkg-config --cflags check 2>/dev/null) 2>/dev/null; }
have && exit 0

run=
[ "$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && run="sudo -n"; }
if [ "$(id -u)" = 0 ] || [ -n "$run" ]; then
    echo "The tests need Check, which is missing: asking the package manager for it."
    if command -v apt-get >/dev/null; then
        $run apt-get update -qq >/dev/null 2>&1
        DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq check pkg-config >/dev/null 2>&1
    elif command -v dnf >/dev/null; then $run dnf install -y -q check-devel pkgconf >/dev/null 2>&1
    elif command -v apk >/dev/null; then $run apk add -q check-dev pkgconf >/dev/null 2>&1
    elif command -v zypper >/dev/null; then $run zypper -q install -y check-devel pkg-config >/dev/null 2>&1
    elif command -v pacman >/dev/null; then $run pacman -S --noconfirm check pkgconf >/dev/null 2>&1
    fi
    have && exit 0
fi
cat >&2 <<'TEXT'
The tests need Check, a unit test framework for C, and it could not be installed from here. Ask for
the package (Debian, Ubuntu: check; Fedora: check-devel; Alpine: check-dev; Arch: check), e.g.
    apt-get install check
and run `make check` again. Building and running sentinode does not need it.
TEXT
exit 1
