"""The routes of the API, a file for each kind of thing."""

from twinhop.live.http.routes import desired, events, places, plans, services, tokens, twins

ROUTERS = (
    twins.routes,
    desired.routes,
    services.routes,
    places.routes,
    plans.routes,
    events.routes,
    tokens.routes,
)
"""All of them, in the order of the document."""
