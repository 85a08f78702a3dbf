"""Jobs on the page and for programs: the box above the tabs, the list, and what looks after the worker."""
