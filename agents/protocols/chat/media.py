"""Images, files and sounds in the messages of chat completions."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Media
from tierwise.agents.protocols.fields import cannot_say, known_only, mapping, optional_text, text


def read_media(part: Mapping[str, Any], where: str) -> Media:
    match part["type"]:
        case "image_url":
            image = mapping(part.get("image_url"), f"{where}.image_url")
            detail = optional_text(image.get("detail"), f"{where}.image_url.detail")
            return from_url("image", text(image.get("url"), f"{where}.image_url.url"), detail=detail)
        case "input_audio":
            sound = mapping(part.get("input_audio"), f"{where}.input_audio")
            data = text(sound.get("data"), f"{where}.input_audio.data")
            return Media("audio", data=data, media_type=f"audio/{sound.get('format')}")
    file = mapping(part.get("file"), f"{where}.file")
    name = optional_text(file.get("filename"), f"{where}.file.filename")
    if file.get("file_data") is not None:
        return from_url("file", text(file["file_data"], f"{where}.file.file_data"), name=name)
    return Media("file", file_id=text(file.get("file_id"), f"{where}.file.file_id"), name=name)


def write_media(media: Media) -> dict[str, Any]:
    """Raises ``Untranslatable`` for what chat completions take only in other forms."""
    if media.kind == "image":
        if media.file_id:
            raise cannot_say("image.file_id", "chat")
        return {"type": "image_url", "image_url": known_only({"url": to_url(media), "detail": media.detail})}
    if media.kind == "audio":
        form = (media.media_type or "audio/wav").partition("/")[2]
        return {"type": "input_audio", "input_audio": {"data": media.data, "format": form}}
    if media.file_id:
        return {"type": "file", "file": known_only({"file_id": media.file_id, "filename": media.name})}
    if media.data is None:
        raise cannot_say("file.url", "chat")
    return {"type": "file", "file": known_only({"file_data": to_url(media), "filename": media.name})}


def from_url(kind: Any, url: str, *, detail: str | None = None, name: str | None = None) -> Media:
    """Media at an address, or in it: ``data:image/png;base64,...``."""
    head, comma, data = url.partition(",")
    if url.startswith("data:") and comma and head.endswith(";base64"):
        media_type = head.removeprefix("data:").removesuffix(";base64")
        return Media(kind, data=data, media_type=media_type, detail=detail, name=name)
    return Media(kind, url=url, detail=detail, name=name)


def to_url(media: Media) -> str:
    return media.url or f"data:{media.media_type or 'application/octet-stream'};base64,{media.data}"
