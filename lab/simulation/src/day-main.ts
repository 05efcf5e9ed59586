import { terminal, runCommand, wholeNumberOf } from '@paceline/kit/arguments';
import { stravaFile } from '@paceline/sandbox';
import { twiceTheDay } from './day/demand.ts';
import { judgeDay, reportDay } from './day/judge-day.ts';
import { simulateDay } from './day/simulate-day.ts';

const usage = `npm run lab -- day [--seed N]

Simulates a day in which Strava's API is asked for twice what its limits allow: the limiter's decisions on a virtual clock,
with the counts of the sandbox.

Exit codes: 0 no call was rejected and the auditor certifies the journal, 1 otherwise, 2 wrong usage.`;

process.exitCode = await runCommand(
  { usage, options: { seed: { type: 'string', default: '1' } } },
  process.argv.slice(2),
  terminal,
  ({ seed: text }) => {
    const seed = wholeNumberOf('--seed', text, 0);
    const upstream = stravaFile();
    const judged = judgeDay(simulateDay(upstream, twiceTheDay(seed), seed), upstream);
    terminal.out(reportDay(judged));
    return judged.audit.certified && judged.budgets.every(({ rejected }) => rejected === 0) ? 0 : 1;
  },
);
