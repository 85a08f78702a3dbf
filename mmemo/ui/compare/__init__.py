"""The Compare tab: student and rivals side by side."""
