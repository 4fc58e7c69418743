"""Tables of words, sentences and tasks that templates are filled with."""
