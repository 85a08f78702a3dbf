"""The Gradio app, one module a tab; the only place that imports gradio."""
