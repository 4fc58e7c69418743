"""Where the heavy parts of a training run: in this process, or as tasks on a cluster. Same functions, same results."""
