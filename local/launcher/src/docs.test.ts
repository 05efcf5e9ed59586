import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './state.ts';
import { readText } from './testing/compose-file.ts';

const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];

describe.each(pages)('%s', (page) => {
  it('links to files that are there', async () => {
    const links = [...(await readText(page)).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link);
    const own = links.filter((link) => !link.includes('://'));
    expect(own.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it('names files that are there', async () => {
    // Alone on a line, before a colon: a file that the page has its reader write.
    const text = (await readText(page)).replaceAll(/^`[^`]+`:$/gm, '');
    const named = text.match(/\b(?:services|packages|apps|local|lab|e2e|deploy|scripts)\/[\w./-]+\w/g) ?? [];
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
