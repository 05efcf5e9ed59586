import { defaultStateFolder as stateFolder, loadDotEnv } from '../state.ts';
import { backup, restore } from './commands.ts';

// `npm run backup` and `npm run restore`: the first argument selects the command.
loadDotEnv();
const [command, ...args] = process.argv.slice(2);
const { log: out, error } = console;
const run = command === 'restore' ? restore : backup;
process.exit(await run(args, { env: process.env, stateFolder, out, error }));
