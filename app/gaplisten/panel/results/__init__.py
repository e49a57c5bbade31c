"""What a panel found: means with intervals, screening, and who was left out and why."""
