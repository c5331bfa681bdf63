"""Files and figure of replays."""
