import { count, rate } from '@paceline/shared/words';
import type { Arrival } from './arrivals.ts';
import { breach, type Finding, type Place, remark } from './finding.ts';
import type { Call } from './history.ts';
import { arrivesBy, type Matching } from './match.ts';
import { howLong, listed, when } from './words.ts';

type Pair = Matching['pairs'][number];

/** The sandbox's own clock says that a window held too much. */
export const arrivedOverFull = (place: Place, { permit, policy, sequence }: Call): Finding =>
  breach('arrived_over_full', `${permit} arrived in a window that held more than ${rate(policy)}.`, {
    place,
    sequence,
  });

/** Its limiter was told that it never left, and gave its place away. */
export function returnedArrived(place: Place, { call: { permit, sequence }, arrival }: Pair): Finding {
  const says = `${permit} was given back as never sent, but a call arrived at ${when(arrival.arrivedAt)}.`;
  return breach('returned_arrived', says, { place, sequence });
}

export function rejectedUnheard(place: Place, { call: { permit, sequence }, arrival }: Pair): Finding {
  const under = arrival.policy ? ` under ${rate(arrival.policy)}` : '';
  const says = `${permit} was rejected at ${when(arrival.arrivedAt)}${under}, and the journal never heard of it.`;
  return remark('rejected_unheard', says, { place, sequence });
}

export function arrivedBeside(place: Place, pairs: readonly Pair[]): Finding[] {
  const beside = pairs
    .map(({ arrival: { arrivedAt }, call }) =>
      Math.max(call.startedAt - arrivedAt, arrivedAt - arrivesBy(call)),
    )
    .filter((by) => by > 0);
  if (beside.length === 0) return [];
  const most = howLong(beside.reduce((a, b) => Math.max(a, b), 0));
  const says = `${count(beside.length, 'call')} arrived beside the interval in the journal, by ${most} at the most: the two clocks differ.`;
  return [remark('arrived_beside_interval', says, { place })];
}

export function foreignCallers(place: Place, alone: readonly Arrival[]): Finding[] {
  if (alone.length === 0) return [];
  const moments = listed(alone.map(({ arrivedAt }) => when(arrivedAt)));
  const says = `${count(alone.length, 'arrival')} without a started call, at ${moments}: somebody else uses the same key, or called without a permit.`;
  return [remark('foreign_callers', says, { place })];
}

export function neverArrived(place: Place, missing: readonly Call[]): Finding[] {
  if (missing.length === 0) return [];
  const answered = missing.filter(({ outcome }) => outcome?.result === 'answered').length;
  const but = answered > 0 ? `, though ${answered} of them are settled as answered` : '';
  const says = `${count(missing.length, 'started call')} never arrived${but}: ${listed(missing.map(({ permit }) => permit))}.`;
  return [remark('never_arrived', says, { place })];
}
