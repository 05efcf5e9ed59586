import { basename } from 'node:path';
import { terminal, runCommand, wholeNumberOf, WrongUsage } from '@paceline/kit/arguments';
import { ConfigError } from '@paceline/shared/config';
import { defaultUpstream, type Upstream } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { twiceTheDay } from './day/demand.ts';
import { judgeDay, reportDay } from './day/judge-day.ts';
import { simulateDay } from './day/simulate-day.ts';

/** The upstream that is there besides that of the syncs. */
const second = 'strava';

const usage = `npm run lab -- day [--upstream NAME] [--seed N]

Simulates a day in which an upstream (default ${second}) is asked for twice what its limits allow: the limiter's decisions on
a virtual clock, with the counts of a sandbox. NAME is one of upstreams/, or a path to such a file.

Exit codes: 0 no call was rejected and the auditor certifies the journal, 1 otherwise, 2 wrong usage.`;

process.exitCode = await runCommand(
  {
    usage,
    options: { upstream: { type: 'string', default: second }, seed: { type: 'string', default: '1' } },
  },
  process.argv.slice(2),
  terminal,
  ({ upstream: name, seed: text }) => {
    const seed = wholeNumberOf('--seed', text, 0);
    const upstream = upstreamOf(name);
    const judged = judgeDay(simulateDay(upstream, twiceTheDay(upstream, seed), seed), upstream);
    terminal.out(reportDay(judged));
    return judged.audit.certified && judged.budgets.every(({ rejected }) => rejected === 0) ? 0 : 1;
  },
);

function upstreamOf(name: string): Upstream {
  try {
    const upstream = loadUpstreams({ UPSTREAMS: `${defaultUpstream},${name}` })[basename(name, '.yaml')];
    if (upstream) return upstream;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new WrongUsage(error.message);
  }
  throw new WrongUsage(`there is no upstream ${name}`);
}
