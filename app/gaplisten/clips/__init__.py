"""What to listen to: challenge folders, folders per condition, manifests, loose files."""
