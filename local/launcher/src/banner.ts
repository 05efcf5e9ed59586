import { nowOn } from './sandbox-time.ts';
import type { Stack } from './stack.ts';

/** What a newcomer needs to know, on one screen: what runs where, what to open, what comes next. */
export function banner(stack: Stack, logs: string): string {
  const { apiUrl, apiUrls, sandboxUrl, broker, clock, databaseUrl } = stack;
  const { host, pathname } = new URL(databaseUrl);
  const now = new Date(nowOn(clock)).toISOString().slice(0, 16).replace('T', ' ');
  const pace = clock.scale === 1 ? '' : `, ${clock.scale} times faster than yours`;
  const furtherApis = apiUrls
    .slice(1)
    .map((url) => `              ${url}                 the same, by another process\n`)
    .join('');
  const every = (minutes: number) =>
    clock.scale === 1
      ? `${minutes} minutes`
      : `${minutes} minutes (${Math.round((minutes * 60) / clock.scale)} s here)`;
  return `
  Paceline is running. It is ${now} UTC${pace}.

  Open        ${apiUrl}                 the dashboard: windows, who waits, what runs
              ${apiUrl}/docs            the API, to read and to try
              ${apiUrl}/v1/riders       riders as they arrive
              ${apiUrl}/v1/runs         what ran, runs and waits
              ${apiUrl}/v1/coordination how full each window is
${furtherApis}  Behind it   ${broker.shownUrl.replaceAll(',', ', ')}  ·  postgres://${host}${pathname}  ·  logs in ${logs}
  Health      ${healthOf(stack)}, each with /readyz and /metrics
${sandboxUrl ? `  Upstream    ${sandboxUrl}/control/judgement  a sandbox with the real limits, and its verdict on us\n` : ''}
  What next   A rider sync is due at once; near and far events take turns, every ${every(15)}.
  Try         curl -X POST ${apiUrl}/v1/riders -H 'content-type: application/json' -d '{"riderId": 4500001}'

  Ctrl-C stops everything and keeps its state; npm run reset forgets it.
`;
}

/** e.g. `limiter :3002 · rider-sync :3003` */
const healthOf = ({ processes }: Stack): string =>
  [...processes.values()]
    .filter(({ name }) => name !== 'sandbox')
    .map(({ name, readyUrl }) => `${name} :${new URL(readyUrl).port}`)
    .join(' · ');
