"""Configuration of the centre: `centre.toml`, `centre.d/*.toml` beside it, `CENTRE_…`."""

from centre.config.settings import Settings, StoreSettings, WebSettings, load

__all__ = ["Settings", "StoreSettings", "WebSettings", "load"]
