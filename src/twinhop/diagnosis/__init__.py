"""What `twinhop doctor` looks at: whether what twinhop needs of its surroundings is there, and what to do where not."""

from twinhop.diagnosis.check import Check as Check
from twinhop.diagnosis.check import Level as Level
from twinhop.diagnosis.diagnose import diagnose as diagnose
