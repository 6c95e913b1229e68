#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo - a server with something to look at, on data that vanishes when it stops.
#
#     tools/demo.sh build/guidon 127.0.0.1:8080
#
# Everything is made through the API, as a user would. Ctrl-C stops it.
set -eu

binary=$1
listen=$2
origin=http://$listen
folder=$(mktemp -d "${TMPDIR:-/tmp}/guidon-demo.XXXXXX")
server=

clean_up() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 0' INT TERM HUP

# Only what this script says is printed, so that the demo's own lines stand out.
"$binary" serve --listen "$listen" --data "$folder/data" \
    --bootstrap-token-file "$folder/token" >"$folder/log" 2>&1 &
server=$!
tenths=0
until grep -q 'listening on' "$folder/log"; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log"; server=; exit 1; }
    [ "$tenths" -lt 100 ] || { echo "demo: the server does not listen" >&2; exit 1; }
    sleep 0.1
    tenths=$((tenths + 1))
done
token=$(cat "$folder/token")

# call METHOD PATH [BODY]: the answer, or its error and the end of the demo.
call() {
    curl --silent --show-error --fail-with-body -X "$1" "$origin$2" \
        -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${3:+-d "$3"} ||
        { echo "demo: $1 $2 failed" >&2; exit 1; }
}

# member NAME: the first string of that name in the JSON on standard input.
member() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

app=$(call POST /api/v1/apps '{"name":"storefront"}' | member id)

flag() {
    call POST /api/v1/flags \
        "{\"appId\":\"$app\",\"env\":\"$1\",\"key\":\"$2\",\"clientEnabled\":true,$3}" >/dev/null
}
for environment in development production; do
    flag $environment dark-mode '"type":"bool","value":true'
    flag $environment welcome-text '"type":"string","value":"Good to see you"'
    flag $environment page-size '"type":"number","value":25'
    flag $environment checkout-limits '"type":"json","value":{"items":40,"methods":["card","invoice"]}'
    flag $environment new-checkout '"type":"bool","value":true,"rollout":{"percentage":25}'
    flag $environment button-color '"type":"string","value":"green","variants":[
        {"value":"green","weight":50,"name":"control"},{"value":"blue","weight":50,"name":"bold"}]'
done
call PATCH /api/v1/flags \
    "{\"appId\":\"$app\",\"env\":\"production\",\"key\":\"page-size\",\"value\":50}" >/dev/null
call POST /api/v1/flags/bulk "{\"appId\":\"$app\",\"env\":\"development\",\"flags\":{
    \"dark-mode\":false,\"welcome-text\":\"Hello, developer\"}}" >/dev/null

# Staging shows what the whole document can say: a segment, a rule, a schedule, a prerequisite.
call PUT "/api/v1/config-document?appId=$app&env=staging" "{
  \"schemaVersion\":1,\"configVersion\":0,\"source\":{\"app\":\"$app\",\"environment\":\"staging\"},
  \"segments\":{\"staff\":{\"visibility\":\"client\",\"description\":\"People who work here\",
    \"rules\":[{\"op\":\"match\",\"attribute\":\"email\",\"operator\":\"endsWith\",
                \"value\":\"@example.com\"}]}},
  \"flags\":{
    \"new-search\":{\"type\":\"boolean\",\"description\":\"Search as you type\",\"owner\":\"search\",
      \"tags\":[\"search\"],\"lifecycle\":\"active\",\"enabled\":true,\"visibility\":\"client\",
      \"variations\":{\"off\":{\"value\":false},\"on\":{\"value\":true}},\"offVariation\":\"off\",
      \"rules\":[{\"id\":\"staff-first\",\"when\":{\"op\":\"segment\",\"segment\":\"staff\"},
                  \"serve\":{\"variation\":\"on\"}}],
      \"fallthrough\":{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":10000},
                                                    {\"variation\":\"off\",\"weight\":90000}]}}},
    \"search-hints\":{\"type\":\"object\",\"description\":\"Hints under the search box\",
      \"owner\":\"search\",\"tags\":[],\"lifecycle\":\"active\",\"enabled\":true,
      \"visibility\":\"client\",\"variations\":{\"none\":{\"value\":{\"hints\":[]}},
        \"some\":{\"value\":{\"hints\":[\"shoes\",\"hats\"]}}},\"offVariation\":\"none\",
      \"prerequisites\":[{\"flag\":\"new-search\",\"variations\":[\"on\"]}],
      \"schedule\":{\"start\":\"2026-01-01T00:00:00Z\"},
      \"fallthrough\":{\"variation\":\"some\"}}}}" >/dev/null

key_of() {
    call POST /api/v1/keys "{\"appId\":\"$app\",\"env\":\"$1\",\"type\":\"$2\"}" | member key
}
browser_key=$(key_of production pub)
server_key=$(key_of staging sdk)

cat <<END
A demo of Guidon on $origin: app "storefront", 6 flags in development and production,
2 with rules in staging. Its data vanishes when it stops (Ctrl-C). Try:

# what a browser sees in production
curl -s $origin/api/v1/public-config -H 'Authorization: Bearer $browser_key'

# what a server sees in staging: rules, a segment, a prerequisite
curl -s $origin/api/v1/config -H 'Authorization: Bearer $server_key'

# change a flag, then look again: the version has moved on
curl -s -X PATCH $origin/api/v1/flags -H 'Authorization: Bearer $token' \\
  -H 'Content-Type: application/json' \\
  -d '{"appId":"$app","env":"production","key":"dark-mode","value":false}'

END
wait "$server"
