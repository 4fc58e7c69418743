"""The addresses of the API: each reads its body, asks the part that knows, and answers."""
