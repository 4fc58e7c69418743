"""What every reader uses: files of JSON, requests, parameters, schemas, and the checked call."""
