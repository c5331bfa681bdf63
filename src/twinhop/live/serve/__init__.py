"""A server: one process with journal, twins, doors and controller."""

from twinhop.live.serve.config import ServeConfig as ServeConfig
from twinhop.live.serve.config import load_config as load_config
from twinhop.live.serve.server import Server as Server
