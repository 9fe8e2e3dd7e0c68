# Sourced by tests/run.sh and benches/run.sh: installs what they need where it is missing,
# and starts private servers on free ports, which end with the script that sourced it.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || missing+=("$2")
}

missing=()
need cc gcc
need mariadbd mariadb-server
need mariadb-install-db mariadb-server
need bean-check beancount
need chromium chromium
need chromedriver chromium-driver
need cupsd cups-daemon
need lpadmin cups-client
need python3 python3
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
need pdftotext poppler-utils
need weasyprint weasyprint
need fc-list fontconfig
need_file() { # need_file PACKAGE FILE
    [ -e "$2" ] || missing+=("$1")
}
need_file fonts-noto-core /usr/share/fonts/truetype/noto/NotoSansHebrew-Regular.ttf
need_file fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
command -v cargo >/dev/null || { echo "cargo is missing: install Rust first (https://rustup.rs)" >&2; exit 1; }
PATH="$PATH:/usr/sbin"

work=$(mktemp -d)
# What a server hands on to another user lies below it.
chmod 711 "$work"
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

start_mariadb() { # start_mariadb NAME [option ...]: sets $url
    local name=$1 port folder="$work/$1" tries=0
    shift
    port=$(free_port)
    mariadb-install-db --no-defaults --datadir="$folder" --skip-test-db \
        --auth-root-authentication-method=normal >"$work/$name.install.log" 2>&1 ||
        { cat "$work/$name.install.log" >&2; exit 1; }
    mariadbd --no-defaults --datadir="$folder" --socket="$work/$name.sock" --port="$port" \
        --bind-address=127.0.0.1 --pid-file="$work/$name.pid" --user="$(id -un)" \
        "$@" >"$work/$name.log" 2>&1 &
    pids+=($!)
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 "${pids[-1]}" 2>/dev/null; then
            echo "MariaDB did not start:" >&2
            tail -n 20 "$work/$name.log" >&2
            exit 1
        fi
        sleep 0.1
    done
    url="mysql://root@127.0.0.1:$port"
}

start_cups() { # sets $url
    local port tries=0
    port=$(free_port)
    bash tests/cups.sh "$work/cups" "$port" >"$work/cups.log" 2>&1 &
    pids+=($!)
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 "${pids[-1]}" 2>/dev/null; then
            echo "CUPS did not start:" >&2
            cat "$work/cups.log" "$work/cups/error_log" >&2
            exit 1
        fi
        sleep 0.1
    done
    url="http://127.0.0.1:$port"
}

need_code_reader() { # sets $reader: a Python that reads bar codes off pictures
    reader=target/code-reader/bin/python
    if ! "$reader" -c 'import PIL, zxingcpp' 2>/dev/null; then
        python3 -m venv target/code-reader
        "$reader" -m pip install --quiet zxing-cpp==2.3.0 pillow==11.1.0
    fi
    reader=$PWD/$reader
}
