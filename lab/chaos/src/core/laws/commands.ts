import type { Law } from './law.ts';

const ends = new Set(['done', 'failed', 'expired']);

export const ended: Law = {
  counts: 'accepted commands that have not ended, or without a reason',
  breaches({ accepted, commands }) {
    const known = new Map(commands.map((command) => [command.commandId, command]));
    const gone = accepted.filter(({ commandId }) => !known.has(commandId));
    const open = commands.filter(({ state }) => !ends.has(state));
    const silent = commands.filter(({ state, reason }) => ends.has(state) && state !== 'done' && !reason);
    return [
      ...gone.map(({ commandId }) => `${commandId} is not there`),
      ...open.map(({ commandId, type, state }) => `${commandId} (${type}) is ${state}`),
      ...silent.map(({ commandId, state }) => `${commandId} has ${state} and nobody says why`),
    ];
  },
};

export const stored: Law = {
  counts: 'riders of done commands that are not there',
  breaches({ commands, riderIds, importedAndLost }) {
    const there = new Set(riderIds);
    const missing = commands.filter(
      ({ state, riderId }) => state === 'done' && riderId !== null && !there.has(riderId),
    );
    return [
      ...missing.map(({ commandId, riderId }) => `rider ${riderId} of ${commandId}`),
      ...importedAndLost,
    ];
  },
};
