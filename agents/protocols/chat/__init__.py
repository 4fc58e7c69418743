"""Chat completions, as OpenAI defined them and nearly every provider speaks them."""
