"""Plans, and what is found out about them, in a few lines and tables; as notebooks show them."""

from __future__ import annotations

from collections.abc import Sequence

from twinhop.failures import failure_lines
from twinhop.output.kit.html import Summary, Table
from twinhop.output.kit.tables import PAIRS_HEADER, pair_cells, percent
from twinhop.output.plans.comparison import cells as comparison_cells
from twinhop.output.plans.description import fact_rows
from twinhop.output.plans.explanation import alternative_rows, obstacle_rows, sentences, term_rows
from twinhop.output.plans.failure_words import failure_rows
from twinhop.output.plans.failure_words import header as failure_header
from twinhop.output.plans.failure_words import sentences as failure_sentences
from twinhop.output.plans.failure_words import title as failure_title
from twinhop.output.plans.joint_plan import case_rows, own_sentence, violation_lines
from twinhop.output.plans.joint_plan import header as joint_header
from twinhop.output.plans.joint_plan import verdict as joint_verdict
from twinhop.output.plans.money_rows import money_terms
from twinhop.output.plans.operating_report import failure_in_words, move_rows, moves_in_words
from twinhop.output.plans.pricing import broken_lines
from twinhop.output.plans.pricing import header as pricing_header
from twinhop.output.plans.pricing import rows as pricing_rows
from twinhop.output.plans.pricing import sentences as pricing_sentences
from twinhop.output.plans.report import verdict as plan_verdict
from twinhop.output.plans.robustness import breaking_rows, spread_rows
from twinhop.output.plans.robustness import verdict as robustness_verdict
from twinhop.output.plans.seed_comparison import cells, header
from twinhop.output.plans.seed_comparison import notes as notes_of
from twinhop.output.plans.service_report import service_terms
from twinhop.output.plans.spare_report import spare_in_words
from twinhop.output.plans.tradeoff import knee_in_words, point_cells, remarks
from twinhop.output.plans.tradeoff import verdict as tradeoff_verdict
from twinhop.placement import Violation
from twinhop.plans.comparison import Comparison
from twinhop.plans.description import Description
from twinhop.plans.explanation import Explanation
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.plans.joint_plan import JointPlan
from twinhop.plans.pricing import Pricing
from twinhop.plans.result import Case, Plan
from twinhop.plans.robustness import Robustness
from twinhop.plans.seed_comparison import SeedComparison
from twinhop.plans.tradeoff import Tradeoff
from twinhop.text import counted
from twinhop.units import cost_in_words, cost_number, with_unit


def plan_summary(plan: Plan) -> Summary:
    """Cost, terms, certificate, broken constraints and hosts of a plan."""
    case = plan.case
    said = [_certificate(plan), constraints_in_words(plan.solution.evaluation.violations)]
    said += [] if plan.moves is None else [moves_in_words(plan)]
    said += [] if plan.failure is None else [failure_in_words(plan)]
    said += [] if plan.spare is None else [spare_in_words(plan)]
    tables = [Table(("", "value", "unit"), _plan_rows(plan)), _host_table(plan)]
    title = f"Plan of {case.name} by {plan.solution.policy}"
    return Summary(
        title,
        _size(case),
        said,
        tables,
        [*plan.notes, *case.notes, *(each.message for each in plan.warnings), *_sources(case)],
    )


def joint_plan_summary(plan: JointPlan) -> Summary:
    """The verdict on one plan for many cases, and what each of them costs."""
    said = [joint_verdict(plan), own_sentence(plan), *filter(None, violation_lines(plan))]
    size = f"{counted(len(plan.cases), plan.noun)}, {counted(plan.cases[0].problem.stations, 'station')}"
    return Summary(f"One plan for {plan.name}", size, said, [Table(joint_header(plan), case_rows(plan))], plan.notes)


def _certificate(plan: Plan) -> str:
    words = plan_verdict(plan)
    if plan.lower_bound is None:
        return words
    gap = "" if plan.gap is None else f" At most {percent(plan.gap)} above the best possible."
    unit = plan.case.problem.money_unit
    bound = cost_in_words(plan.lower_bound, unit)
    return f"Cost {cost_in_words(plan.cost, unit)}, certified lower bound {bound}.{gap} {words}"


def constraints_in_words(violations: Sequence[Violation]) -> str:
    """That all constraints are kept, or how many of which kind are not."""
    if not violations:
        return "All constraints are kept."
    kinds = [each.kind for each in violations]
    return "Broken: " + ", ".join(counted(kinds.count(kind), f"{kind} constraint") for kind in dict.fromkeys(kinds))


def _plan_rows(plan: Plan) -> list[tuple[str, str, str]]:
    evaluation, servers = plan.evaluation, counted(int(plan.solution.placement.open.sum()), "server")
    unit = plan.case.problem.money_unit
    rows = [("cost", cost_number(plan.cost, unit), unit)]
    rows += [(name, value, unit) for name, value in (*move_rows(plan), *money_terms(plan))]
    rows += [
        ("mean latency", f"{evaluation.latency_s:.6g}", "s"),
        (f"opening of {servers}", f"{evaluation.opening_s:.6g}", "s"),
        ("energy, weighted", f"{evaluation.energy_j:.6g}", ""),
        *((name, value, "s") for name, value in service_terms(plan)),
    ]
    if plan.lower_bound is not None:
        rows += [("certified lower bound", cost_number(plan.lower_bound, unit), unit), ("gap", percent(plan.gap), "")]
    return rows


def _host_table(plan: Plan) -> Table:
    """The opened servers, those with most twins first."""
    problem, placement = plan.case.problem, plan.solution.placement
    loads, seats = problem.twins_on(placement.host), problem.seats
    opened = sorted(placement.open.nonzero()[0].tolist(), key=lambda k: -loads[k])
    rows = [(problem.station_name(k), f"{loads[k]:.10g}", f"{seats[k]:.10g}") for k in opened]
    return Table(("opened server", "twins", "seats"), rows)


def comparison_summary(comparison: Comparison) -> Summary:
    """The policies against the bound."""
    case = comparison.case
    unit = case.problem.money_unit
    rows = [comparison_cells(row, unit) for row in comparison.rows()]
    cost, opening = (f"cost {unit}", f"rent {unit}") if unit else ("cost", "opening s")
    header = ("policy", cost, "above bound", "latency s", opening, "opened", "feasible", "time s")
    words = comparison.bound_in_words()
    notes = [*failure_lines(comparison.failures), *case.all_notes, *_sources(case)]
    said = [f"{words[0].upper()}{words[1:]}."]
    return Summary(f"Policies on {case.name}", _size(case), said, [Table(header, rows)], notes)


def seed_comparison_summary(comparison: SeedComparison) -> Summary:
    """The policies against the bounds of many worlds, and world by world against one of them."""
    rows, first = comparison.rows(), comparison.worlds[0]
    pairs = [pair_cells(row) for row in rows if row["policy"] != comparison.against]
    tables = [Table(header(comparison), [cells(row, comparison.money_unit) for row in rows])]
    if pairs:
        tables.append(Table(PAIRS_HEADER, pairs, f"Cost against {comparison.against}, world by world"))
    size = f"{counted(first.users, 'user')}, {counted(first.stations, 'station')}, {comparison.seeds_in_words()}"
    words, notes = comparison.bound_in_words(), [*failure_lines(comparison.failures), *notes_of(comparison)]
    said = [f"{words[0].upper()}{words[1:]}."]
    notes += [f"Source: {each}" for each in comparison.attribution]
    return Summary(f"Policies on {comparison.name}", size, said, tables, notes)


def tradeoff_summary(tradeoff: Tradeoff) -> Summary:
    """The best cost and the bound of every number of servers, the best one marked."""
    rows = []
    for point in tradeoff.points:
        _, cost, *_, bound, gap, above = point_cells(tradeoff, point)
        marks = [" (best)"] if point is tradeoff.best else []
        marks += [" (knee)"] if tradeoff.knee is not None and tradeoff.knee.servers == point.servers else []
        rows.append((f"{point.servers}{''.join(marks)}", cost, bound, gap, above))
    header = ("servers", with_unit("cost", tradeoff.case.problem.money_unit), "lower bound", "gap", "above best")
    case = tradeoff.case
    said = [each for each in (tradeoff_verdict(tradeoff), knee_in_words(tradeoff), *remarks(tradeoff)) if each]
    title, notes = f"Cost of {case.name} by number of servers", [*case.all_notes, *_sources(case)]
    return Summary(title, _size(case), said, [Table(header, rows)], notes)


def robustness_summary(result: Robustness) -> Summary:
    """How costs spread, and how often the plan breaks."""
    case = result.plan.case
    tables = [Table(("", "planned", "mean", "p5", "p50", "p95", "worst"), spread_rows(result))]
    breaking = breaking_rows(result)
    tables += [Table(("breaks", "samples", "share"), breaking)] if breaking else []
    line = f"{_size(case)}, {counted(result.samples, 'sample')}"
    return Summary(f"{case.name} at ±{100 * result.load:g} % load", line, [robustness_verdict(result)], tables)


def pricing_summary(result: Pricing) -> Summary:
    """What a given plan costs, hour by hour."""
    size = counted(len(result.hours), "hour")
    said, notes = [*pricing_sentences(result), *broken_lines(result)], list(result.notes)
    return Summary(
        f"{result.placement.name} on {result.name}",
        size,
        said,
        [Table(pricing_header(result), pricing_rows(result))],
        notes,
    )


def failure_summary(survey: FailureSurvey) -> Summary:
    """What each failure costs, the worst first."""
    tables = [Table(failure_header(survey), failure_rows(survey))]
    case = survey.plan.case
    notes = [*case.all_notes, *_sources(case)]
    return Summary(failure_title(survey), _size(case), list(failure_sentences(survey)), tables, notes)


def explanation_summary(explanation: Explanation) -> Summary:
    """Why a twin is where it is, and what other hosts would change."""
    problem = explanation.plan.solution.problem
    user, host = problem.user_name(explanation.user), problem.station_name(explanation.host)
    tables = [Table(("", "value", "unit"), term_rows(explanation))]
    if possible := alternative_rows(explanation):
        header = (
            "other host",
            with_unit("cost change", problem.money_unit),
            "own latency",
            "users there",
            "users left",
            "opening",
        )
        tables.append(Table(header, possible))
    if impossible := obstacle_rows(explanation):
        tables.append(Table(("station", "why not", "possible if"), impossible))
    title, notes = f"Why {user} is on {host}", explanation.plan.notes
    return Summary(title, _size(explanation.plan.case), sentences(explanation), tables, notes)


def description_summary(description: Description) -> Summary:
    """What follows from a world without a decision."""
    world, facts = description.world, description.to_json()
    size = f"{counted(facts['users'], 'user')}, {counted(facts['stations'], 'station')}, seed {world.seed}"
    table = Table(("", "mean", "p5", "p50", "p95", "max"), fact_rows(facts))
    said = [f"Warning: {each.message}" for each in description.warnings]
    return Summary(f"Description of {world.name}", size, said, [table], list(world.attribution))


def _size(case: Case) -> str:
    return f"{case.problem.size_in_words}, seed {case.seed}"


def _sources(case: Case) -> list[str]:
    return [f"Source: {each}" for each in case.attribution]
