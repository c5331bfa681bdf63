"""Where service twins run: what each server costs, the best servers, and a bound on what any plan costs."""

from twinhop.twin.service_placement.alternation import ServicePlacement as ServicePlacement
from twinhop.twin.service_placement.alternation import place_services as place_services
from twinhop.twin.service_placement.bound import services_bound as services_bound
from twinhop.twin.service_placement.enumeration import ServerChoice as ServerChoice
from twinhop.twin.service_placement.enumeration import best_servers as best_servers
from twinhop.twin.service_placement.joint_problem import joint_problem as joint_problem
from twinhop.twin.service_placement.joint_problem import pinned_problem as pinned_problem
from twinhop.twin.service_placement.joint_problem import relaxed_problem as relaxed_problem
from twinhop.twin.service_placement.placed_service import PlacedService as PlacedService
from twinhop.twin.service_placement.task import ServiceTask as ServiceTask
from twinhop.twin.service_placement.task import service_task as service_task
