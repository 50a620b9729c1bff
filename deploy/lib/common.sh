# Shared by the scripts under deploy/: messages, retries, and installing what is missing. Source it, do not run it.

# The top of the repository.
fuyun_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Colours only where a person reads them.
if [[ (-t 2 || ${FUYUN_TTY:-} == 1) && -z ${NO_COLOR:-} ]]; then
    c_bold=$'\e[1m' c_dim=$'\e[2m' c_red=$'\e[31m' c_green=$'\e[32m' c_off=$'\e[0m'
else
    c_bold='' c_dim='' c_red='' c_green='' c_off=''
fi

say() { printf '%s==>%s %s\n' "$c_bold" "$c_off" "$*" >&2; }
note() { printf '    %s%s%s\n' "$c_dim" "$*" "$c_off" >&2; }
warn() { printf '%swarning:%s %s\n' "$c_red" "$c_off" "$*" >&2; }
die() {
    printf '%serror:%s %s\n' "$c_red" "$c_off" "$*" >&2
    exit 1
}

# step NAME LOG HINT COMMAND…: runs COMMAND with its output in LOG; a failure names the step, shows the log's tail, says what to
# do, and ends the script. Call it as a plain statement: in a condition bash would ignore failures inside COMMAND.
step() {
    local name=$1 log=$2 hint=$3 began=$SECONDS status
    shift 3
    say "$name"
    set +e
    (
        set -e
        "$@"
    ) >>"$log" 2>&1
    status=$?
    set -e
    if ((status == 0)); then
        note "done in $((SECONDS - began)) s"
        return 0
    fi
    printf '%serror:%s %s: failed (status %d). The end of %s:\n' "$c_red" "$c_off" "$name" "$status" "$log" >&2
    tail -n 25 "$log" | sed 's/^/    | /' >&2
    printf '    %s\n' "$hint" >&2
    exit "$status"
}

# retry COMMAND…: up to four tries, with growing pauses: package mirrors fail now and then.
retry() {
    local try
    for try in 1 2 3 4; do
        "$@" && return 0
        ((try == 4)) && break
        echo "try $try of 4 failed, again in $((try * 5)) s: $*" >&2
        sleep $((try * 5))
    done
    return 1
}

# as_root COMMAND…: directly when root, else through sudo.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root, and there is no sudo: run it as root" >&2
        return 1
    fi
}

# missing_packages PACKAGE…: those that dpkg does not have installed.
missing_packages() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

# install_packages PACKAGE…: Debian packages, those that are missing; says nothing when nothing is missing.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || {
        echo "these Debian packages are needed, and there is no apt-get here: ${missing[*]}" >&2
        return 1
    }
    echo "installing ${missing[*]}" >&2
    retry as_root apt-get -q -o Acquire::Retries=5 update || return
    retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=5 -o Dpkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}"
}
