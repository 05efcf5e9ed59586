import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envExample } from '../packages/shared/src/config/index.ts';
import { asyncApi } from '../packages/shared/src/contracts/index.ts';
import { apiTypes } from './generated/api-types.ts';
import { brokerUsers } from './generated/broker-users.ts';
import { messagesPage } from './generated/messages-page.ts';

/** Every file that is written from the code, by its path from the root. `pnpm generate` writes them anew. */
export const generatedFiles: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': envExample,
  'docs/messages.md': messagesPage,
  'docs/asyncapi.json': () => `${JSON.stringify(asyncApi(), undefined, 2)}\n`,
  'deploy/nats/users.conf': brokerUsers,
  'packages/client/src/generated.ts': apiTypes,
};

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles)) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await text());
  }
}
