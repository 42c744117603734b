# Sourced after env.sh by what takes programs out of Debian 12's packages, without root: how a package
# is fetched, and the pin that two of them share. apt checks what it downloads by Debian's signatures.
# shellcheck shell=bash disable=SC2034
# promtool and Prometheus come in one package.
prometheus_version=2.42.0+ds-5+deb12u1
prometheus_checksum=81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55

# why_no_debian: says why packages cannot be taken here; nothing if they can.
why_no_debian() {
    local tool
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null 2>&1 || { echo "no $tool here"; return; }
    done
    [ "$(dpkg --print-architecture)" = amd64 ] || echo 'the pinned packages are for amd64'
}

# As root apt would become another user, who may not write into our folder.
debian_apt=(apt-get -o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::http::Timeout=15)

# debian_fetch FOLDER LOG PACKAGE[=VERSION]...: downloads them into the folder. Where the machine has no
# lists of packages, or old ones, with lists of our own: that needs no root either.
debian_fetch() {
    local folder="$1" log="$2" own
    shift 2
    own=(-o "Dir::State=$folder/state" -o "Dir::Cache=$folder/cache" -o Dir::State::status=/var/lib/dpkg/status)
    if (cd "$folder" && "${debian_apt[@]}" download "$@") >>"$log" 2>&1; then return; fi
    if [ ! -d "$folder/state" ]; then
        mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
        "${debian_apt[@]}" "${own[@]}" update >>"$log" 2>&1 || return
    fi
    (cd "$folder" && "${debian_apt[@]}" "${own[@]}" download "$@") >>"$log" 2>&1
}

# debian_fetch_prometheus FOLDER LOG: the pinned package, as FOLDER/prometheus_*.deb; says what was wrong.
debian_fetch_prometheus() {
    debian_fetch "$1" "$2" "prometheus=$prometheus_version" \
        || { echo "Debian has no prometheus $prometheus_version for this machine ($2)"; return 1; }
    echo "$prometheus_checksum  $(find "$1" -maxdepth 1 -name 'prometheus_*.deb')" | sha256sum --check --quiet >>"$2" 2>&1 \
        || { echo 'the package has another checksum than the pinned one'; return 1; }
}
