"""The door for HTTP: updates, twins, plans, events; and WebSockets."""
