# Shared by ./run and ./check: what must be installed, and the two builds. Sourced, not run.

PACKAGES="build-essential cmake ninja-build pkg-config libuv1-dev libmsgpack-dev libsodium-dev
libzstd-dev libssl-dev libxlsxwriter-dev libzip-dev libexpat1-dev libcairo2-dev libpango1.0-dev fonts-noto-cjk libqrencode-dev libzbar-dev
libpng-dev libturbojpeg0-dev libcmocka-dev libjansson-dev node-llhttp
unicode-data python3 python3-nacl python3-msgpack python3-zstandard"

say() {
    printf '\n== %s\n' "$*"
}

# install_packages [MORE…]: only what is missing, so that a second run needs no network.
install_packages() {
    local missing="" package
    for package in $PACKAGES "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok' ||
            missing="$missing $package"
    done
    command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
    [ -z "$missing" ] && return 0
    say "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# The pinned SQLite source, and what builds and tests the pages; none of their scripts run. The copy
# of the lock file tells whether it is this very set that was installed.
install_sources() {
    cmp -s package-lock.json node_modules/.installed-lock.json && return 0
    say "fetching the pinned sources"
    npm ci --ignore-scripts --no-audit --no-fund >/dev/null
    cp package-lock.json node_modules/.installed-lock.json
}

# build PRESET FOLDER
build() {
    say "building $1"
    cmake --preset "$1" -G Ninja >"/tmp/jinqiu-cmake-$$.log" 2>&1 || {
        cat "/tmp/jinqiu-cmake-$$.log"
        return 1
    }
    rm -f "/tmp/jinqiu-cmake-$$.log"
    ninja -C "$2" --quiet
}
