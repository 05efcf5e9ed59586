import { setTimeout as sleep } from 'node:timers/promises';
import type { Accepted } from '../core/evidence.ts';
import type { Ask } from '../core/load.ts';
import type { Api } from './api.ts';
import type { Stage } from './stage.ts';

/** What became of what people asked for. */
export interface Driven {
  readonly accepted: readonly Accepted[];
  readonly unanswered: number;
  readonly refusals: readonly string[];
}

/**
 * Asks for everything at its moment, whatever becomes of the rest, until it is told that it is enough; returns when the
 * last one is answered.
 * @param acceptedAt where the moments are noted at which anything was accepted
 */
export async function drive(
  { api, real }: Stage,
  asks: readonly Ask[],
  begins: number,
  enough: AbortSignal,
  acceptedAt: number[],
): Promise<Driven> {
  const accepted: Accepted[] = [];
  const refusals: string[] = [];
  let unanswered = 0;
  const askOne = async (ask: Ask) => {
    const answer = await askFor(api, ask);
    if (answer === 'nothing to do') return;
    if (!answer) {
      unanswered += 1;
      return;
    }
    if (answer.status !== 202) {
      refusals.push(`${ask.does}: ${answer.status} ${String(answer.body.title)}`);
      return;
    }
    acceptedAt.push(real.now());
    const { commandId } = answer.body;
    if (typeof commandId !== 'string') return;
    const riderIds = ask.does === 'add' ? [ask.riderId] : ask.does === 'import' ? ask.riderIds : [];
    accepted.push({ at: real.now(), commandId, riderIds });
    if (ask.does === 'add' && ask.cancels) await api.send('POST', `/v1/commands/${commandId}/cancel`);
  };
  const asking: Array<Promise<void>> = [];
  for (const ask of asks) {
    await sleep(begins + ask.at - real.now());
    if (enough.aborted) break;
    asking.push(askOne(ask));
  }
  await Promise.all(asking);
  return { accepted, unanswered, refusals };
}

async function askFor(api: Api, ask: Ask) {
  switch (ask.does) {
    case 'add':
      return api.send('POST', '/v1/riders', { riderId: ask.riderId });
    case 'import':
      return api.send('POST', '/v1/riders/import', { riderIds: ask.riderIds });
    case 'trigger':
      return api.send('POST', `/v1/syncs/${ask.kind}/trigger`);
    case 'retry': {
      const runs = await api
        .get<{ items: Array<{ id: string }> }>('/v1/runs?state=failed&limit=1')
        .catch(() => undefined);
      const [run] = runs?.items ?? [];
      return run ? api.send('POST', `/v1/runs/${run.id}/retry`) : 'nothing to do';
    }
  }
}
