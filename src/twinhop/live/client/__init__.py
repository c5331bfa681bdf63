"""The library of devices: what a policy sends is kept until it is on the server's disk."""

from twinhop.live.client.async_device_client import AsyncDeviceClient as AsyncDeviceClient
from twinhop.live.client.async_gateway_client import AsyncGatewayClient as AsyncGatewayClient
from twinhop.live.client.device_client import DeviceClient as DeviceClient
from twinhop.live.client.facts import ClientFacts as ClientFacts
from twinhop.live.client.settings import ClientSettings as ClientSettings
from twinhop.live.client.settings import ClientStopped as ClientStopped
