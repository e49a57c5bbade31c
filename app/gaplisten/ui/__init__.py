"""Every line that imports Qt."""
