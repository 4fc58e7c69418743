"""Names that callers use, such as ``gpt-*`` or ``openai/auto``, and the model or policy that they stand for."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tierwise.serving.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Aliases:
    """Patterns in the order in which they are tried, with what they stand for."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Aliases":
        """``pattern=name`` separated by commas. Raises ``SettingsError``."""
        pairs = []
        for each in filter(None, (part.strip() for part in text.split(","))):
            pattern, _, target = (part.strip() for part in each.partition("="))
            if not pattern or not target:
                raise SettingsError(f"setting 'model_aliases': '{each}' is no alias; write such as gpt-*=auto")
            pairs.append((pattern, target))
        return cls(tuple(pairs))

    @property
    def plain(self) -> tuple[str, ...]:
        """Those that are names, and no patterns."""
        return tuple(pattern for pattern, _ in self.pairs if not set(pattern) & set("*?["))

    def target_of(self, name: str) -> str | None:
        return next((target for pattern, target in self.pairs if fnmatchcase(name, pattern)), None)
