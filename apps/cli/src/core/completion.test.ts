import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../commands/index.ts';
import { completionScript, shells } from './completion.ts';

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['--version']);
    return true;
  } catch {
    return false;
  }
};

/** What bash offers for the last word of a line; it splits words at `=`. */
function completionsOf(line: string): string[] {
  const words = line.split(' ').flatMap((word) => (word === '' ? [''] : word.split(/(=)/).filter(Boolean)));
  const script = [
    completionScript('bash', allCommands),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    // Only a shell that completes has compopt.
    'compopt() { :; }',
    '_paceline',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe.skipIf(!has('bash'))('the completion of bash', () => {
  it('offers the commands that start with the word', () => {
    expect(completionsOf('paceline ri')).toEqual(['riders', 'rider']);
    expect(completionsOf('paceline ')).toEqual([...Object.keys(allCommands), 'help']);
  });

  it('offers the arguments and options of a command', () => {
    expect(completionsOf('paceline trigger ')).toEqual([
      'rider',
      'near',
      'far',
      'results',
      '--json',
      '--help',
    ]);
    expect(completionsOf('paceline pause n')).toEqual(['near-sync']);
    expect(completionsOf('paceline pause cl')).toEqual(['clubs']);
    expect(completionsOf('paceline riders --s')).toEqual(['--search=', '--sort=']);
    expect(completionsOf('paceline schedule re')).toEqual(['reset']);
  });

  it('offers the values of an option', () => {
    expect(completionsOf('paceline runs --kind=')).toEqual(['rider', 'near', 'far', 'results']);
    expect(completionsOf('paceline runs --kind=n')).toEqual(['near']);
    expect(completionsOf('paceline requests --state=ca')).toEqual(['cancelled']);
    expect(completionsOf('paceline runs --limit=')).toEqual([]);
  });
});

it.each(shells.filter(has))('%s accepts the script', (shell) => {
  const script = completionScript(shell, allCommands);
  expect(() => execFileSync(shell, ['-n'], { input: script })).not.toThrow();
});
