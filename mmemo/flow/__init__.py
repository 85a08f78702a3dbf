"""One module a stage: reads the workspace, calls the library, writes the workspace."""
