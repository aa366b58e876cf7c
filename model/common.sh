# What the get_<model>.sh scripts share. To be sourced by them, not run.
# shellcheck shell=bash

readonly CONNECT_TIMEOUT_S=5
readonly STALL_TIMEOUT_S=10
readonly MAX_TRANSFERS=20

scripts_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly scripts_folder

say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

# fail SENTENCE: says it on stderr and ends the script.
fail() {
    say "$*" >&2
    exit 1
}

# require PROGRAM HINT
require() {
    command -v -- "$1" >/dev/null || fail "$1 is missing; $2"
}

# start_model NAME USAGE ARGUMENTS...: answers --help, ends the script if the model is there already, takes the
# model's lock. Sets: folder (where the model lands), graph (the file to make), work (a scratch folder, removed
# when the script ends; inside the model's folder, so that moving a file out of it is atomic).
start_model() {
    local name=$1 usage=$2
    shift 2
    case ${1-} in
        '') ;;
        -h | --help)
            printf '%s\n' "$usage"
            exit 0
            ;;
        *)
            say "unknown argument '$1'; try --help" >&2
            exit 2
            ;;
    esac

    folder=${MODEL_DIR:-$scripts_folder}/$name
    graph=$folder/frozen_inference_graph.pb
    work=$folder/.work
    exit_if_there

    require flock 'install util-linux'
    mkdir -p -- "$folder" || fail "cannot make the folder $folder"
    exec 9>"$folder/.lock"
    if ! flock --nonblock 9; then
        say "waiting for another run that is getting $name"
        flock 9
    fi
    exit_if_there
    rm -rf -- "$work" && mkdir -- "$work"
    trap 'rm -rf -- "$work"' EXIT
}

# A graph gets its name only after its checksum was found right, so a file of this name is complete.
exit_if_there() {
    if [[ -s $graph ]]; then
        say "already there: $graph"
        exit 0
    fi
}

# finish_model FILE: gives the verified graph its name.
finish_model() {
    mv -f -- "$1" "$graph" || fail "cannot write $graph"
    say "ready: $graph"
}

# Prints the interpreter to use: $PYTHON, else the repository's virtual environment, else python3.
find_python() {
    local in_repository=$scripts_folder/../.venv/bin/python
    if [[ -n ${PYTHON-} ]]; then
        printf '%s\n' "$PYTHON"
    elif [[ -x $in_repository ]]; then
        printf '%s\n' "$in_repository"
    else
        printf 'python3\n'
    fi
}

# quietly SENTENCE COMMAND...: runs the command without its output; if it fails, ends the script with the sentence
# and what the command told of: the first error of pip or npm, else its last line.
quietly() {
    local sentence=$1 log=$work/log reason
    shift
    if ! "$@" >"$log" 2>&1; then
        reason=$(grep -m 1 -E '^(ERROR|npm error)' "$log" || tail -n 1 "$log")
        fail "$sentence: $reason"
    fi
}

# size_of FILE: its bytes, 0 if there is no such file.
size_of() {
    if [[ -f $1 ]]; then
        wc -c <"$1" | tr -d ' '
    else
        printf '0\n'
    fi
}

# digest BITS: the SHA checksum of stdin. macOS has shasum only.
digest() {
    if command -v "sha${1}sum" >/dev/null; then
        "sha${1}sum"
    else
        shasum -a "$1"
    fi | cut -d ' ' -f 1
}

# checksum_of ALGORITHM FILE: sha256, sha384 or git-blob, which is what `git hash-object` prints, without needing git.
checksum_of() {
    case $1 in
        git-blob) { printf 'blob %s\0' "$(size_of "$2")" && cat -- "$2"; } | digest 1 ;;
        sha*) digest "${1#sha}" <"$2" ;;
    esac
}

# is_intact FILE ALGORITHM CHECKSUM [SIZE]: the size comes first, because it costs nothing.
is_intact() {
    [[ -s $1 ]] || return 1
    [[ -z ${4-} || $(size_of "$1") == "$4" ]] || return 1
    [[ $(checksum_of "$2" "$1") == "$3" ]]
}

# transfer URL FILE: one try to get the rest of FILE. Prints the HTTP status, returns curl's status.
transfer() {
    local display=--silent
    if [[ -t 2 ]]; then
        display=--progress-bar
    fi
    curl "$display" --fail --location --connect-timeout "$CONNECT_TIMEOUT_S" \
        --speed-limit 1 --speed-time "$STALL_TIMEOUT_S" \
        --continue-at - --output "$2" --write-out '%{http_code}' -- "$1"
}

# explain CURL_STATUS HTTP_STATUS: why a transfer failed, as the end of a sentence.
explain() {
    case $1 in
        6) printf 'its host name cannot be resolved\n' ;;
        7) printf 'the connection was refused\n' ;;
        18 | 52 | 55 | 56 | 92) printf 'the connection broke off; run this again to go on where it stopped\n' ;;
        22) printf 'the server answered with HTTP status %s\n' "$2" ;;
        23) printf 'the file cannot be written\n' ;;
        28) printf 'no answer for some seconds\n' ;;
        *) printf 'curl ended with status %s\n' "$1" ;;
    esac
}

# fetch URL FILE ALGORITHM CHECKSUM [SIZE]: downloads into FILE.part, goes on where an earlier run or a broken
# connection stopped, and gives the file its name once its checksum is right. On failure it says why on stderr and
# returns 1; a file with a wrong checksum is deleted.
fetch() {
    local url=$1 file=$2 check=("${@:3}")
    local part=$file.part had status http_status restarted=false transfers
    require curl 'install curl'
    # A run that was stopped between the two names: check the file again.
    if [[ -f $file ]]; then
        mv -f -- "$file" "$part"
    fi
    for ((transfers = 0; transfers < MAX_TRANSFERS; transfers++)); do
        if is_intact "$part" "${check[@]}"; then
            mv -f -- "$part" "$file"
            return
        fi
        had=$(size_of "$part")
        status=0
        http_status=$(transfer "$url" "$part") || status=$?
        case $status in
            0)
                is_intact "$part" "${check[@]}" && continue
                rm -f -- "$part"
                if ((had == 0)) || $restarted; then
                    say "$url gave a file with a wrong checksum (not ${check[0]} ${check[1]}); deleted it" >&2
                    return 1
                fi
                # What was there before may have been of another file: once, from the start.
                restarted=true
                ;;
            18 | 28 | 52 | 55 | 56 | 92)
                # The connection broke or stalled: go on as long as each try brings some more.
                (($(size_of "$part") > had)) || break
                ;;
            22 | 33 | 36)
                # The server has nothing to add to these bytes (HTTP 416), or cannot start in the middle.
                if ((had == 0)) || $restarted || [[ $status == 22 && $http_status != 416 ]]; then
                    break
                fi
                rm -f -- "$part"
                restarted=true
                ;;
            *) break ;;
        esac
    done
    say "cannot download $url: $(explain "$status" "$http_status")" >&2
    return 1
}
