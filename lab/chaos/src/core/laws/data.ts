import type { Law } from './law.ts';

const twice = <T>(items: readonly T[]): T[] => items.filter((item, index) => items.indexOf(item) !== index);

export const doubled: Law = {
  counts: 'riders or events that are there twice',
  breaches: ({ riderIds, eventIds }) => [
    ...twice(riderIds).map((id) => `rider ${id}`),
    ...twice(eventIds).map((id) => `event ${id}`),
  ],
};

export const lost: Law = {
  counts: 'riders of the club or listed events that are lost',
  breaches({ club, eventIds, listedEventIds, runs }) {
    const wasSynced = runs.some(
      ({ kind, state, counts }) => kind === 'rider' && state === 'done' && counts.synced > 0,
    );
    const there = new Set(eventIds);
    return [
      ...(wasSynced && club.stored !== club.size
        ? [`${club.stored} of ${club.size} riders of the club`]
        : []),
      ...listedEventIds.filter((id) => !there.has(id)).map((id) => `event ${id}`),
    ];
  },
};

export const slots: Law = {
  counts: 'slots that ran twice',
  breaches({ runs, runsOfSlots }) {
    const stored = twice(runs.map(({ slot }) => slot.id));
    const told = [...runsOfSlots].filter(([, ids]) => ids.size > 1).map(([slot]) => slot);
    return [...new Set([...stored, ...told])];
  },
};

export const stuck: Law = {
  counts: 'runs that are stuck',
  breaches: ({ runs }) =>
    runs.filter(({ state }) => state === 'running').map(({ kind, id }) => `${kind} run ${id}`),
};

export const drained: Law = { counts: 'things that still wait', breaches: ({ waiting }) => [...waiting] };

export const deadLetters: Law = {
  counts: 'dead letters',
  breaches: ({ deadLetters: letters }) => [...letters],
};
