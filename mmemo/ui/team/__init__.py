"""The Team tab: rounds, agreement, conflicts and gold questions."""
