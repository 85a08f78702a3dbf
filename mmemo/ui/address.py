"""What the address of the page holds: episode and run, and the tab that is open.

It outlives a reload, can be kept and sent, and is each tab's own; going back through it is not offered.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

TABS = ("episode", "review", "team", "train", "compare", "predict", "export")

REMEMBER_CHOICE = """(episode, run) => {
  const address = new URL(window.location.href);
  for (const [name, value] of [['episode', episode], ['run', run]])
    value ? address.searchParams.set(name, value) : address.searchParams.delete(name);
  if (episode) window.history.replaceState(window.history.state, '', address);
}"""


def tabs_script(names: Sequence[str] = TABS) -> str:
    """Open the tab that `#name` asks for, now and whenever it changes, and write the one that a person opens."""
    return f"""() => {{
  const names = {json.dumps(list(names))};
  const tabOf = (name) => document.querySelector(`#mm-tabs [role="tab"][data-tab-id="${{name}}"]`);
  const open = () => {{
    const name = window.location.hash.slice(1);
    if (names.includes(name)) tabOf(name)?.click();
  }};
  document.addEventListener('click', (event) => {{
    const name = event.target.closest?.('#mm-tabs [role="tab"][data-tab-id]')?.dataset.tabId;
    if (!names.includes(name)) return;
    const address = new URL(window.location.href);  // "#name" alone would be added to the page's base, without the choice
    address.hash = name;
    window.history.replaceState(window.history.state, '', address);
  }});
  window.addEventListener('hashchange', open);
  open();
}}"""
