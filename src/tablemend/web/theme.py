"""The look: one accent, dense and calm, light and dark from the same variables."""

from __future__ import annotations

from typing import Any

THEME: dict[str, Any] = {
    "primaryColor": "indigo",
    "primaryShade": {"light": 8, "dark": 8},  # white text on it reaches a contrast of 4.5 (WCAG 2.2, 1.4.3)
    "autoContrast": True,
    "defaultRadius": "sm",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "fontFamilyMonospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    "fontSizes": {"xs": "0.75rem", "sm": "0.8125rem", "md": "0.875rem", "lg": "1rem", "xl": "1.125rem"},
    "headings": {"fontWeight": "600"},
}

SERIES = ("#4263eb", "#e8590c", "#2b8a3e", "#9c36b5", "#0c8599", "#c2255c")
"""Colours of the series of a figure, told apart in light and dark; never the only mark of what they mean."""


def graph_config() -> dict[str, Any]:
    """The options of every graph: nothing is sent to anybody's cloud."""
    return {
        "showSendToCloud": False,
        "showEditInChartStudio": False,
        "plotlyServerURL": "",
        "displaylogo": False,
        "displayModeBar": False,
        "responsive": True,
    }
