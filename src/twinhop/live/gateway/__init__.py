"""What all doors share: who calls, what may come in, how it is answered; nothing of HTTP or MQTT."""

from twinhop.live.gateway.callers import Caller as Caller
from twinhop.live.gateway.gateway import Acknowledged as Acknowledged
from twinhop.live.gateway.gateway import Gateway as Gateway
from twinhop.live.gateway.problems import Problem as Problem
from twinhop.live.gateway.tokens import Tokens as Tokens
