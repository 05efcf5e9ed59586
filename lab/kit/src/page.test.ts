import { describe, expect, it } from 'vitest';
import { withSection } from './page.ts';

const page = 'Before.\n\n<!-- written by npm run x -->\n\nold\n\n<!-- until here -->\n\nAfter.\n';

describe('a section that a command writes', () => {
  it('replaces what stood there and keeps the rest of the page', () => {
    expect(withSection(page, 'npm run x', ['one', 'two'])).toBe(
      'Before.\n\n<!-- written by npm run x -->\n\none\n\ntwo\n\n<!-- until here -->\n\nAfter.\n',
    );
  });

  it('must exist', () => {
    expect(() => withSection(page, 'npm run y', ['one'])).toThrow(
      'no section between <!-- written by npm run y -->',
    );
  });
});
