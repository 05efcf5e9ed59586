import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// Keeps texts and names in plain English: `node scripts/words.ts [folder or file …]`, part of `npm run check`.

/** What a reader stumbles over, and what we say instead. Also found as a part of a name: `toldAt`, `setAside`. */
const instead: ReadonlyMap<string, string> = new Map([
  ['told', 'say who tells what: "shows", "the estimate was"'],
  ['telling', 'reports, shows'],
  ['whoever', 'the client, the caller, the process'],
  ['somebody', 'a person, a client, or a passive'],
  ['anybody', 'anyone, any client'],
  ['nobody', 'no one, no client, or rewrite'],
  ['anew', 'again'],
  ['wish', 'request'],
  ['wishes', 'requests'],
  ['asker', 'caller, requester'],
  ['so many', 'the number, this many'],
  ['so far', 'until now'],
  ['desk', 'batcher'],
  ['standing', 'state, status'],
  ['is to be', 'must be'],
  ['are to be', 'must be'],
  ['at the most', 'at most, max'],
  ['unless told', 'default'],
  ['unless said', 'default'],
  ['by the word', 'reported by'],
  ['set aside', 'dead-lettered'],
  ['sets aside', 'dead-letters'],
  ['passed over', 'skipped'],
  ['passes over', 'skips'],
  ['left over', 'remaining'],
  ['what came of', 'result, outcome'],
  ['what becomes of', 'what happens to'],
  ['what became of', 'what happened to'],
  ['came to nothing', 'failed'],
  ['looked after', 'checked, handled'],
  ['opens no more', 'no longer opens'],
  ['how it stands', 'status'],
  ['goes on from', 'continues from'],
  ['go on from', 'continue from'],
  ['has begun', 'has started'],
  ['have begun', 'have started'],
  ['it that', 'name the thing'],
]);

interface WordException {
  /** A path, or the start of one. */
  readonly in: string;
  readonly word: string;
  readonly why: string;
}

const exceptions: readonly WordException[] = [
  { in: 'scripts/words.ts', word: '*', why: 'it lists them' },
  { in: 'local/embedded/src/postgres', word: 'nobody', why: 'the Unix user' },
];

const written = /\.(tsx?|js|css|md|json|ya?ml|html|svg|sql|conf|example|env)$|\/run$|Dockerfile$/;
const generated = /pnpm-lock\.yaml$|\/recorded\/|\/migrations\/meta\//;

/** As words of a text, and as parts of a name in camel case. */
const patternOf = (words: string): RegExp => {
  const name = words.replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
  const capital = name.charAt(0).toUpperCase() + name.slice(1);
  const spaced = words.replaceAll(' ', String.raw`(?:\s+(?:(?:\*|//|#)\s+)?)`);
  const text = String.raw`(?<![A-Za-z])(?:${spaced}|${spaced.charAt(0).toUpperCase()}${spaced.slice(1)})(?![a-z])`;
  return new RegExp(`${text}|(?<![A-Za-z])${name}(?![a-z])|(?<=[a-z])${capital}(?![a-z])`, 'g');
};
const patterns = [
  ...[...instead].map(([words, better]) => ({ words, better, pattern: patternOf(words), where: /./ })),
  {
    words: 'plural',
    where: /^(apps|local|packages|services)\/(?!.*\.test\.tsx?$)/,
    // `${runs.length} runs` is wrong for one run.
    pattern:
      /(?<!=)\{(?:[\w.?]+\.length\} (?:[a-z]+ )?[a-z]+s|[\w.]+\} (?:call|rider|event|signup|result|request|alert|error|line|problem|command|run|club|member|column)s)\b/g,
    better: 'count() of @paceline/shared/words',
  },
];

const folders = process.argv.slice(2);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...folders], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => written.test(file) && !generated.test(file));

let found = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  for (const { words, better, pattern } of patterns.filter(({ where }) => where.test(file)))
    for (const { 0: match, index } of text.matchAll(pattern)) {
      if (exceptions.some((each) => file.startsWith(each.in) && (each.word === words || each.word === '*')))
        continue;
      found += 1;
      const line = text.slice(0, index).split('\n').length;
      console.error(`${file}:${line}: "${match.replaceAll(/\s+/g, ' ')}": ${better}`);
    }
}
if (found > 0)
  console.error(
    `\n${found} places to say in plain English. An exception is a line in scripts/words.ts with its reason.`,
  );
process.exitCode = found === 0 ? 0 : 1;
