"""A step becomes a vector, in training and in serving by the same pipeline; and an answer becomes evidence."""
