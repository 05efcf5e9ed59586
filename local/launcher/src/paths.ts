import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** State, logs and generated secrets of `npm start`; ignored by git. */
export const defaultStateFolder = join(root, '.paceline');
