"""The page of settings, and the file of examples beside the Makefile: both from the class of settings."""

from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engagement.settings import Settings
from pages.markdown import code, page, table


def _variables() -> dict[str, FieldInfo]:
    """Every environment variable that is read, with what it sets."""
    prefix = Settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper(): field for name, field in Settings.model_fields.items()}


def settings_page() -> str:
    """The whole page."""
    rows = (
        (code(variable), _shape(field), code(default) if (default := _default(field)) else "", field.description or "")
        for variable, field in _variables().items()
    )
    return page(
        "Settings",
        "Settings come from environment variables, or from a file `.env` in the folder where the program is started "
        "(copy `.env.example`). A variable wins over the file.",
        table(("variable", "type", "default", "meaning"), rows),
    )


def env_example() -> str:
    """The file `.env.example`: every setting with its default, commented out."""
    blocks = (f"# {field.description}\n# {variable}={_default(field)}" for variable, field in _variables().items())
    head = "# Copy this file to .env and take the `#` away from what you want to change. `make docs` writes it."
    return "\n\n".join((head, *blocks)) + "\n"


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _shape(field: FieldInfo) -> str:
    """The type in words, with its bounds."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(code(each) for each in get_args(field.annotation))
    [kind, *_] = [each for each in get_args(field.annotation) or (field.annotation,) if each is not type(None)]
    name = getattr(kind, "__name__", str(kind))
    bounds = [f"{word} {getattr(each, key)}" for each in field.metadata for key, word in _BOUNDS if hasattr(each, key)]
    return " ".join((_KINDS.get(name, code(name)), *bounds))


_KINDS = {
    "Path": "path",
    "SecretStr": "secret",
    "bool": "`true` or `false`",
    "float": "number",
    "int": "whole number",
    "str": "text",
}
_BOUNDS = (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
