#!/bin/sh
# Throws requests made from the service's own OpenAPI schema at a running service; it must never answer with a 5xx.
#
#   tests/api.sh PYTHON SCHEMATHESIS [MAX_EXAMPLES]
set -eu
python=$(realpath -s "$1") schemathesis=$(realpath -s "$2") folder=$(mktemp -d)
cd "$folder"
TIERWISE_FLUSH_SECONDS=0.05 TIERWISE_LOG_LEVEL=warning "$python" -m tierwise serve --port 0 >address &
service=$!
trap 'kill $service; wait $service || true; rm -rf "$folder"' EXIT
until [ -s address ]; do
    kill -0 $service
    sleep 0.2
done
address=$(awk '{ print $NF }' address)
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
"$schemathesis" run "$address/openapi.json" --wait-for-schema 20 --checks "$checks" --max-examples "${3:-30}" \
    --phases examples,coverage,fuzzing --workers 1
