import type { Interval } from '@paceline/shared/contracts';
import { createBudget } from './budget.ts';
import { ticketOf } from './calls.ts';
import { createLines, createPoolQueue } from './queue.ts';
import type { LimiterSettings } from './settings.ts';
import type { BudgetState, EndpointState, Grant, Pool } from './state.ts';
import type { EndpointSettings, PoolSettings, UpstreamSettings } from './upstream.ts';

export function createPool(
  key: string,
  account: string,
  { budgets: names, endpoints }: PoolSettings,
  upstream: UpstreamSettings,
  settings: LimiterSettings,
): Pool {
  const budgets: BudgetState[] = [];
  const states: EndpointState[] = [];
  const pool: Pool = {
    key,
    account,
    settings,
    upstream,
    budgets,
    endpoints: states,
    queue: createPoolQueue(),
    grants: new Map(),
    alarmAt: undefined,
  };
  for (const name of names) budgets.push(createBudget(pool, name));
  for (const name of endpoints) {
    const definition = upstream.endpoints[name] as EndpointSettings;
    const counted = budgets.filter(({ record }) => definition.budgets.includes(record.endpoint));
    const state = { name, pool, definition, budgets: counted, lines: createLines() };
    states.push(state);
    for (const budget of counted) budget.endpoints.push(state);
  }
  return pool;
}

/** Holds a place for a permit in every budget of its endpoint. */
export function addGrant({ grants }: Pool, grant: Grant): void {
  grants.set(grant.ticket, grant);
  for (const budget of grant.endpoint.budgets) budget.held += 1;
}

/** The permit that is held for an endpoint. */
export function grantOf(endpoint: EndpointState, permit: string): Grant | undefined {
  const grant = endpoint.pool.grants.get(ticketOf(permit));
  return grant?.permit === permit && grant.endpoint === endpoint ? grant : undefined;
}

export function removeGrant({ grants }: Pool, { ticket, endpoint }: Grant): void {
  if (grants.delete(ticket)) for (const budget of endpoint.budgets) budget.held -= 1;
}

/** How many permits hold a place in a budget at `now`: those that were not started in time are dropped in the next turn only. */
export function heldAt(budget: BudgetState, now: number): number {
  let held = budget.held;
  for (const { startBy, endpoint } of budget.pool.grants.values()) {
    if (startBy > now) break;
    if (endpoint.budgets.includes(budget)) held -= 1;
  }
  return held;
}

/** Drops the permits that hold a place in a budget. Their clients request again. */
export function removeGrantsOf(budget: BudgetState): void {
  const { pool } = budget;
  for (const grant of pool.grants.values())
    if (grant.endpoint.budgets.includes(budget)) removeGrant(pool, grant);
}

/** A call of an endpoint. A budget with a longer window knows it for longer. */
export const callOf = ({ budgets }: EndpointState, permit: string): Interval | undefined =>
  firstKnown(budgets, ({ calls }) => calls.get(permit));

/** The call that was started for a ticket. */
export const callOfTicket = ({ budgets }: EndpointState, ticket: string): Interval | undefined =>
  firstKnown(budgets, ({ calls }) => calls.ofTicket(ticket));

function firstKnown(
  budgets: readonly BudgetState[],
  find: (budget: BudgetState) => Interval | undefined,
): Interval | undefined {
  for (const budget of budgets) {
    const call = find(budget);
    if (call) return call;
  }
  return undefined;
}
