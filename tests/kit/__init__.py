"""What tests share: sounds, traces, clips, panels, stand-ins, servers. The only path that tests add."""
