"""The app: one module a tab, over the flows; the only place that knows gradio."""
