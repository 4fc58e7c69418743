"""Pages for people: the application, who may look, how figures look; the pages themselves are in ``pages/``."""
