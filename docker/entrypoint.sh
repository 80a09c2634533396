#!/bin/bash
# Starts what serves an agent in a sandbox, on port 2468.
#
#   ANYCODE_PROTOCOL      acp or acpx: anycode-runner; opencode: opencode serve; sandbox-agent: Rivet's server
#   ANYCODE_RUNNER_TOKEN  the bearer token (opencode: the password) that clients must have; required
#   ANYCODE_LISTEN        tcp:HOST:PORT (tcp:0.0.0.0:2468)
#   ANYCODE_AGENT         the agent, for messages only: clients name it
#   ANYCODE_REPO          org/repo or an address to clone into /workspace/repo; the daemon leaves that to the runner
#   ANYCODE_BRANCH        of it
#   GITHUB_TOKEN          for git and gh on github.com, and on GH_HOST if that is set; stays in the environment
#
# Ends with 64 for a wrong setting, 65 when the repository cannot be cloned, else as the server does.
set -euo pipefail

workspace=${ANYCODE_WORKSPACE:-/workspace/repo}
state=${ANYCODE_STATE:-/.anycode/state}

say() { printf 'anycode: %s\n' "$*" >&2; }

fail() {
    local code=$1
    shift
    say "$*"
    exit "$code"
}

# Git asks this program for credentials; the token is in its environment and in no file.
use_token() {
    local helper host count=0
    helper='!f() { test "$1" = get && test -n "$GITHUB_TOKEN" && printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN"; }; f'
    for host in github.com ${GH_HOST:+"$GH_HOST"}; do
        # The empty value forgets other helpers, which could write the token to disk.
        export "GIT_CONFIG_KEY_$count=credential.https://$host.helper" "GIT_CONFIG_VALUE_$count="
        export "GIT_CONFIG_KEY_$((count + 1))=credential.https://$host.helper" "GIT_CONFIG_VALUE_$((count + 1))=$helper"
        count=$((count + 2))
    done
    export GIT_CONFIG_COUNT=$count
}

# User information in an address is a secret.
shown() { sed -E 's#(://)[^/@]*@#\1#' <<<"$1"; }

clone() {
    local address=$1 words telling
    case $address in
    -*) fail 64 "ANYCODE_REPO is no repository: $address" ;;
    *://* | /* | *@*:*) ;;
    */*) address=https://${GH_HOST:-github.com}/$address ;;
    *) fail 64 "ANYCODE_REPO is no repository: write org/repo or an address" ;;
    esac
    # A container that is started again has it.
    [ ! -e "$workspace/.git" ] || return 0
    mkdir -p "$workspace"
    say "cloning $(shown "$address")"
    if words=$(GIT_TERMINAL_PROMPT=0 LC_ALL=C git clone --quiet --no-recurse-submodules \
        ${ANYCODE_BRANCH:+--branch "$ANYCODE_BRANCH"} -- "$address" "$workspace" 2>&1); then
        git -C "$workspace" remote set-url origin "$(shown "$address")"
        return 0
    fi
    words=$(shown "$words")
    # The telling line is git's own, not what it adds.
    telling=$(grep -E '^(fatal|error):' <<<"$words" | tail -n 1 || true)
    case $words in
    *"could not read Username"* | *"could not read Password"* | *"Authentication failed"* | *"Repository not found"* | *"error: 403"*)
        if [ -n "${GITHUB_TOKEN:-}" ]; then
            fail 65 "cannot clone $(shown "$address"): it does not exist, or GITHUB_TOKEN may not read it: ${telling:-git failed}"
        fi
        fail 65 "cannot clone $(shown "$address"): it does not exist or is private; give a GITHUB_TOKEN that may read it"
        ;;
    *) fail 65 "cannot clone $(shown "$address"): ${telling:-git failed}" ;;
    esac
}

need() { command -v "$1" >/dev/null || fail 64 "ANYCODE_PROTOCOL=$ANYCODE_PROTOCOL needs the program $1, which this image does not have"; }

# A root file system that cannot be written has its home in the workspace's volume.
if [ ! -w "${HOME:-/}" ]; then
    export HOME=/workspace/home
    mkdir -p "$HOME"
fi
[ -z "${GITHUB_TOKEN:-}" ] || use_token
[ -z "${ANYCODE_REPO:-}" ] || clone "$ANYCODE_REPO"
mkdir -p "$workspace" "$state"
cd "$workspace"

listen=${ANYCODE_LISTEN:-tcp:0.0.0.0:2468}
place=${listen#tcp:}
[ "$place" != "$listen" ] && [ "${place%:*}" != "$place" ] || fail 64 "ANYCODE_LISTEN is no tcp:HOST:PORT: $listen"
[ -n "${ANYCODE_RUNNER_TOKEN:-}" ] || fail 64 "ANYCODE_RUNNER_TOKEN is missing: without it anybody could use this sandbox"

case ${ANYCODE_PROTOCOL:-acp} in
acp | acpx)
    need anycode-runner
    exec anycode-runner serve --listen "$listen" --state-dir "$state" --workspace "$workspace" --home "$HOME"
    ;;
opencode)
    need opencode
    export OPENCODE_SERVER_PASSWORD=$ANYCODE_RUNNER_TOKEN
    unset ANYCODE_RUNNER_TOKEN
    exec opencode serve --hostname "${place%:*}" --port "${place##*:}"
    ;;
sandbox-agent)
    need sandbox-agent
    token=$ANYCODE_RUNNER_TOKEN
    unset ANYCODE_RUNNER_TOKEN
    exec sandbox-agent server --no-telemetry --host "${place%:*}" --port "${place##*:}" --token "$token"
    ;;
*) fail 64 "ANYCODE_PROTOCOL is acp, acpx, opencode or sandbox-agent, not $ANYCODE_PROTOCOL" ;;
esac
