"""Service twins: made of extracts of many device twins, with aggregates kept up to date update by update."""

from twinhop.twin.service.aggregate import Aggregate as Aggregate
from twinhop.twin.service.closeness import Closeness as Closeness
from twinhop.twin.service.counts import Count as Count
from twinhop.twin.service.counts import Density as Density
from twinhop.twin.service.extraction import Extraction as Extraction
from twinhop.twin.service.flow import Flow as Flow
from twinhop.twin.service.grid import Grid as Grid
from twinhop.twin.service.mean import ExactSum as ExactSum
from twinhop.twin.service.mean import Mean as Mean
from twinhop.twin.service.membership import Membership as Membership
from twinhop.twin.service.quantiles import Quantiles as Quantiles
from twinhop.twin.service.service_twin import Fed as Fed
from twinhop.twin.service.service_twin import ServiceTwin as ServiceTwin
from twinhop.twin.service.service_twin import Staleness as Staleness
