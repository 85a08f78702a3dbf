"""An episode or its student as files to take away."""
