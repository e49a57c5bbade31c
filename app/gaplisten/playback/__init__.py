"""The mixer, transport, output devices and the audio process."""
