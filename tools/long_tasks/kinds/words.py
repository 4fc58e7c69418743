"""Names that tasks are made of."""

PEOPLE = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gwen", "Hugo", "Ida", "Jon", "Kim", "Lea", "Max", "Nora", "Otto")
ITEMS = (
    "lamp",
    "desk",
    "chair",
    "cable",
    "mouse",
    "screen",
    "phone",
    "mug",
    "pen",
    "bag",
    "clock",
    "fan",
    "rug",
    "box",
)
FILES = (
    "ash",
    "birch",
    "cedar",
    "elm",
    "fir",
    "hazel",
    "larch",
    "maple",
    "oak",
    "pine",
    "rowan",
    "spruce",
    "yew",
    "alder",
)
