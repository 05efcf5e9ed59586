import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = join(import.meta.dirname, '../src');
const read = (pattern: string) =>
  globSync(pattern, { cwd: source }).map((path) => ({
    folder: path.split('/')[0] ?? '',
    text: readFileSync(join(source, path), 'utf8'),
  }));
const shared = ['styles', 'app', 'parts'];

/** The classes that a style sheet styles wherever they are: the first ones of its selectors. */
const classesOf = (css: string) =>
  [...css.matchAll(/(?:^|[{},])\s*\.([a-z-]+)/gm)].flatMap(([, name]) => name ?? []);

// The style sheet of a page stays loaded while other pages are shown.
it('a page styles no class of a page that does not use its parts', () => {
  const pages = read('*/*.tsx').map(({ folder, text }) => ({
    folder,
    text,
    classes: [...text.matchAll(/className="([^"]+)"/g)].flatMap(([, names = '']) => names.split(' ')),
  }));
  const foreign = read('*/*.css')
    .filter(({ folder }) => !shared.includes(folder))
    .flatMap((sheet) =>
      pages
        .filter(({ folder, text }) => folder !== sheet.folder && !text.includes(`'../${sheet.folder}/`))
        .flatMap(({ folder, classes }) =>
          classesOf(sheet.text)
            .filter((name) => classes.includes(name))
            .map((name) => `.${name} of ${sheet.folder} is used in ${folder}`),
        ),
    );
  expect([...new Set(foreign)]).toEqual([]);
});
