/** Plans that keep all limits, and those that do not: a certified bound says nothing of the latter. */

import type { Plan } from "./contract";

/** Whether a plan keeps all limits. */
export function keepsLimits({ feasible, violations }: Pick<Plan, "feasible" | "violations">): boolean {
  return feasible !== false && (violations ?? []).length === 0;
}

/** Plans that keep all limits by their costs, then those that break some. */
export function byCost(plans: readonly Pick<Plan, "cost" | "feasible" | "violations">[]): number[] {
  const broken = (index: number): number => Number(!keepsLimits(plans[index]));
  const order = plans.map((_, index) => index);
  return order.sort((a, b) => broken(a) - broken(b) || plans[a].cost - plans[b].cost);
}
