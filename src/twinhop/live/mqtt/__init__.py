"""The door for MQTT 5: an acknowledgement means that the updates are on disk."""

from twinhop.live.mqtt.door import MqttDoor as MqttDoor
