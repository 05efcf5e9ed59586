import { type InputOf, projectTime, queryValues, readClock } from '@paceline/client';
import { defineCommand, flag, text } from '../command.ts';
import { clubPageLines, clubsLines } from '../core/clubs.ts';
import { riderPageLines, ridersLines } from '../core/team.ts';
import { idOf } from '../core/usage.ts';

const { sort: riderSorts, order: orders } = queryValues['GET /v1/riders'];
const { sort: clubSorts } = queryValues['GET /v1/clubs'];

export const riders = defineCommand({
  usage: 'riders [--search=TEXT] [--club=ID] [--sort=SORT] [--order=ORDER] [--limit=N]',
  summary: 'riders with club, category, rating, weight and FTP',
  details: '--search: part of the name. N: default 50, max 500.',
  choices: { SORT: riderSorts, ORDER: orders },
  options: { search: text, club: text, sort: text, order: text, limit: text },
  async run(_, { api, screen, json, printJson }, { search, club, ...values }) {
    // The API validates the values.
    const query = { limit: 50, q: search, clubId: club, ...values } as InputOf<'GET /v1/riders'>['query'];
    const list = await api.call('GET /v1/riders', { query });
    if (json) printJson(list);
    else screen.print(ridersLines(list, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const rider = defineCommand({
  usage: 'rider ID',
  summary: 'a rider: numbers, history, coming events, results, requests',
  takes: ['ID'],
  async run([id], { api, screen, json, printJson }) {
    const path = { riderId: idOf('a rider', id) };
    const found = await api.call('GET /v1/riders/{riderId}', { path });
    const [history, events, results, requests] = await Promise.all([
      api.call('GET /v1/riders/{riderId}/history', { path, query: { limit: 100 } }),
      api.call('GET /v1/riders/{riderId}/events', { path }),
      api.call('GET /v1/riders/{riderId}/results', { path, query: { limit: 20 } }),
      api.call('GET /v1/commands', { query: { riderId: path.riderId, limit: 10 } }),
    ]);
    const page = {
      rider: found,
      history: history.items,
      events: events.items,
      results: results.items,
      requests: requests.items,
    };
    if (json) printJson(page);
    else screen.print(riderPageLines(page, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const clubs = defineCommand({
  usage: 'clubs [--sort=SORT] [--order=ORDER]',
  summary: 'clubs with their members, who joined and left, and when they are fetched next',
  choices: { SORT: clubSorts, ORDER: orders },
  options: { sort: text, order: text },
  async run(_, { api, screen, json, printJson }, values) {
    const query = values as InputOf<'GET /v1/clubs'>['query'];
    const list = await api.call('GET /v1/clubs', { query });
    if (json) printJson(list);
    else screen.print(clubsLines(list, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const club = defineCommand({
  usage: 'club ID [--all]',
  summary: 'a club and its members',
  details: '--all lists former members too.',
  takes: ['ID'],
  options: { all: flag },
  async run([id], { api, screen, json, printJson }, { all }) {
    const path = { clubId: idOf('a club', id) };
    const [found, members] = await Promise.all([
      api.call('GET /v1/clubs/{clubId}', { path }),
      api.all('GET /v1/clubs/{clubId}/members', { path, query: { current: all ? undefined : true } }),
    ]);
    if (json) printJson({ club: found, members });
    else screen.print(clubPageLines(found, members, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});
