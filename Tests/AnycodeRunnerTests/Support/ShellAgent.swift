/// An agent in a few lines of shell: the method of a request says what it does.
enum ShellAgent {
    static let script = #"""
        while IFS= read -r line; do
          printf '%s\n' "$line" >> "$AGENT_LOG"
          id=$(printf '%s' "$line" | sed -n 's/.*"id":\([^,}]*\).*/\1/p')
          case "$line" in
            *'"method":"echo"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"pid":%s}}\n' "$id" "$$" ;;
            *'"method":"environment"'*)
              printf '{"jsonrpc":"2.0","id":%s,"result":{"token":"%s","extra":"%s","home":"%s"}}\n' \
                "$id" "$ANYCODE_RUNNER_TOKEN" "$EXTRA" "$HOME" ;;
            *'"method":"count"'*)
              for n in 1 2 3 4 5 6 7 8 9 10; do printf '{"jsonrpc":"2.0","method":"n","params":%s}\n' "$n"; done
              printf '{"jsonrpc":"2.0","id":%s,"result":{}}\n' "$id" ;;
            *'"method":"ask"'*) printf '{"jsonrpc":"2.0","id":77,"method":"question"}\n'; asked=$id ;;
            *'"id":77'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"told":true}}\n' "$asked" ;;
            *'"method":"garbage"'*) echo 'no json'; printf '{"jsonrpc":"2.0","id":%s,"result":{}}\n' "$id" ;;
            *'"method":"family"'*)
              sleep 600 &
              one=$!
              (setsid sh -c 'trap "" TERM; while :; do sleep 600; done' > /dev/null 2>&1 & echo $! > "$AGENT_LOG.two")
              printf '{"jsonrpc":"2.0","id":%s,"result":[%s,%s]}\n' "$id" "$one" "$(cat "$AGENT_LOG.two")" ;;
            *'"method":"exit"'*) echo 'out of coffee' >&2; exit 7 ;;
          esac
        done
        """#
}
