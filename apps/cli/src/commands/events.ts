import { type Api, projectTime, readClock, type Results } from '@paceline/client';
import { defineCommand, flag, text } from '../command.ts';
import { eventPageLines, eventsLines } from '../core/events.ts';
import { readNextCalls } from './find.ts';
import { wholeNumber } from '../core/usage.ts';

export const events = defineCommand({
  usage: 'events [--ours] [--past] [--search=TEXT] [--type=TYPE] [--limit=N]',
  summary: 'coming events, their signups, and when they are fetched next',
  details: [
    '--ours: only events with our riders. --past: events that have started, newest first.',
    '--search: part of the title. TYPE: such as Race. N: default 30, max 500.',
  ].join('\n'),
  options: { ours: flag, past: flag, search: text, type: text, limit: text },
  async run(_, { api, screen, json, printJson }, { ours, past, search, type, limit }) {
    const list = await api.call('GET /v1/events', {
      query: {
        limit: wholeNumber('--limit', limit) ?? 30,
        q: search,
        type,
        ours: ours || undefined,
        ...(past && { when: 'past' as const, order: 'desc' as const }),
      },
    });
    if (json) printJson(list);
    else {
      const calls = past ? [] : await readNextCalls(api);
      screen.print(eventsLines(list, calls, projectTime(await readClock(api)), screen.look));
    }
    return 0;
  },
});

export const event = defineCommand({
  usage: 'event ID [--all]',
  summary: 'an event: pens, our riders, who withdrew and when, results',
  details: '--all lists every rider, not only ours.',
  takes: ['ID'],
  options: { all: flag },
  async run([eventId = ''], { api, screen, json, printJson }, { all }) {
    const path = { eventId };
    const found = await api.call('GET /v1/events/{eventId}', { path });
    const [signups, results, calls] = await Promise.all([
      api.all('GET /v1/events/{eventId}/signups', { path }),
      allResults(api, eventId),
      readNextCalls(api),
    ]);
    const call = calls.find((each) => each.eventId === eventId);
    const page = { event: found, call, signups, results };
    if (json) printJson(page);
    else screen.print(eventPageLines(page, all, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

/** The results with their state and all pages of items. */
async function allResults(api: Api, eventId: string): Promise<Results> {
  const path = { eventId };
  const [first, items] = await Promise.all([
    api.call('GET /v1/events/{eventId}/results', { path, query: { limit: 1 } }),
    api.all('GET /v1/events/{eventId}/results', { path }),
  ]);
  return { ...first, items, next: null };
}
