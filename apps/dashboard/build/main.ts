import { ensureBuilt } from './build.ts';

await ensureBuilt((line) => console.log(`Paceline: ${line}`));
