"""Reading rows back: one decision by its id, or the whole log as steps."""
