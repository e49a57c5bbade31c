"""What survives crashes, full disks and second instances."""
