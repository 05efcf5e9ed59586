import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { marked, type Token, type Tokens } from 'marked';

const root = join(import.meta.dirname, '..');
const folders = [
  'packages',
  'services',
  'apps',
  'local',
  'lab',
  'e2e',
  'scripts',
  'deploy',
  'docs',
  'upstreams',
];
const ignored = (path: string) => /(?:^|\/)(?:node_modules|\.cache|\.paceline|dist)(?:\/|$)/.test(path);
const glob = (patterns: string[]) => globSync(patterns, { cwd: root, exclude: ignored }).toSorted();
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Every Markdown file of the repository, by its path from the root. */
export const documents = glob(['*.md', '.github/*.md', `{${folders.join(',')}}/**/*.md`]);

/** Files that are no documents and may name one, in a comment or as an alert's runbook. */
export const sources = glob([
  '*.{ts,yml,json}',
  `{${folders.join(',')}}/**/*.{ts,tsx,yml,yaml}`,
  '.env.example',
]).filter((path) => !path.startsWith('scripts/documents'));

/** A paragraph, heading, list item, table row or code block. */
interface Block {
  readonly text: string;
  readonly spans: readonly string[];
  readonly links: readonly string[];
  /** What a table of messages says that one sees. */
  readonly messages: readonly string[];
}

const block = (text: string, tokens: Token[], messages: readonly string[] = []): Block => {
  const spans: string[] = [];
  const links: string[] = [];
  void marked.walkTokens(tokens, (token) => {
    if (token.type === 'codespan') spans.push((token as Tokens.Codespan).text);
    if (token.type === 'link' || token.type === 'image') links.push((token as Tokens.Link).href);
  });
  return { text, spans, links, messages };
};

function blocksOf(tokens: readonly Token[]): Block[] {
  return tokens.flatMap((token) => {
    if (token.type === 'list') return blocksOf((token as Tokens.List).items.flatMap((item) => item.tokens));
    if (token.type === 'blockquote') return blocksOf((token as Tokens.Blockquote).tokens);
    if (token.type !== 'table') return block(token.raw, 'tokens' in token ? (token.tokens ?? []) : []);
    const { header, rows } = token as Tokens.Table;
    return [header, ...rows].map((cells) =>
      block(
        cells.map((cell) => cell.text).join(' | '),
        cells.flatMap((cell) => cell.tokens),
        header[0]?.text === 'you see'
          ? [...(cells[0]?.text.matchAll(/`([^`]*)`/g) ?? [])].map(([, said = '']) => said)
          : [],
      ),
    );
  });
}

/** What a document names that does not exist: links, paths, npm scripts, variables, names, messages, routes. */
export function missingIn(page: string, text: string): string[] {
  return blocksOf(marked.lexer(text)).flatMap((part) => [
    ...part.links.filter((link) => !isLink(page, text, link)).map((link) => `link ${link}`),
    ...missingPaths(page, part).map((path) => `path ${path}`),
    ...missingScripts(part).map((script) => `npm script ${script}`),
    ...namesIn(part.text)
      .filter((name) => !isName(name))
      .map((name) => `variable ${name}`),
    ...identifiersIn(part)
      .filter((name) => !identifiers.has(name))
      .map((name) => `name ${name}`),
    ...part.messages.filter((message) => !isMessage(message)).map((message) => `message ${message}`),
    ...routesIn(part.text)
      .filter((route) => !isRoute(route))
      .map((route) => `route ${route}`),
  ]);
}

/** The files of the repository that a document links to, as paths from the root, in order. */
export const linkedFrom = (page: string, text: string): string[] =>
  blocksOf(marked.lexer(text))
    .flatMap(({ links }) => links)
    .filter((link) => !/^(?:[a-z]+:|#)/.test(link))
    .map((link) => join(dirname(page), link.replace(/#.*/, '')));

/** Documents and their headings that a source file names and that do not exist. */
export const missingDocuments = (text: string): string[] =>
  (text.match(/(?<![\w/.-])docs\/(?:[\w/-]+\.md(?:#[\w-]+)?|decisions\/\d{4})/g) ?? []).filter((named) =>
    named.includes('.md') ? !isLink('README.md', '', named) : glob([`${named}-*.md`]).length === 0,
  );

const anchorsOf = (text: string): string[] => {
  const slugger = new GithubSlugger();
  return marked
    .lexer(text)
    .filter((token): token is Tokens.Heading => token.type === 'heading')
    .map(({ text: heading }) => slugger.slug(heading.replaceAll('`', '')));
};

function isLink(page: string, text: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), decodeURI(path));
  if (!existsSync(join(root, target))) return false;
  if (anchor === undefined) return true;
  return anchorsOf(path === '' ? text : read(target)).includes(anchor);
}

const fullPath = new RegExp(String.raw`(?<![\w./@:-])(?:${folders.join('|')})/[\w./*-]*[\w*]`, 'g');
const fileName = /^(?:[\w*-][\w.*-]*\/)*[\w.*-]+\.(?:tsx?|md|json|css|svg|ya?ml|conf|sql)$/;

/** A file name on its own is looked for beside the page, and in the folders of the paths before it in the same block. */
function missingPaths(page: string, { text, spans }: Block): string[] {
  // A file that the reader is to write stands alone before a code block.
  if (/(?:^|\n)`[^`]+`:\s*$/.test(text)) return [];
  const named = (text.match(fullPath) ?? []).filter((path) => !exists(path));
  const near = ['.', dirname(page)];
  const alone = spans.filter((span) => {
    if (text.match(fullPath)?.includes(span)) {
      near.push(dirname(span), span);
      return false;
    }
    return fileName.test(span) && !near.some((folder) => exists(join(folder, span)));
  });
  return [...named, ...alone];
}

const exists = (path: string) =>
  path.includes('*') ? glob([path]).length > 0 : existsSync(join(root, path));

const scriptsOf = (manifest: string) =>
  Object.keys((JSON.parse(read(manifest)) as { scripts?: Record<string, string> }).scripts ?? {});

const programs = [...read('scripts/lab.ts').matchAll(/^ {2}(\w+): \['/gm)].map(
  ([, name = '']) => `lab -- ${name}`,
);

/** Scripts of the root and programs of `npm run lab`, and scripts of a package that the same block names. */
function missingScripts({ text }: Block): string[] {
  const called = [...text.matchAll(/\bnpm (?:run (?:-s |--silent )?(lab -- \w+|[\w:-]+)|(test|start)\b)/g)];
  const manifests = (text.match(fullPath) ?? []).map((path) => `${path}/package.json`).filter(exists);
  const known = ['package.json', ...manifests].flatMap(scriptsOf).concat(programs);
  return called.map(([, run, short]) => run ?? short ?? '').filter((script) => !known.includes(script));
}

const upperCase = /(?<![\w$\\])[A-Z][A-Z0-9]*(?:_[A-Z0-9…]+)+(?![\w])/g;
const namesIn = (text: string): string[] => text.match(upperCase) ?? [];

/** Variables, streams and buckets that the code names. */
const names = new Set(sources.flatMap((path) => namesIn(read(path))));
/** Read by Node and by OpenTelemetry, not by us. */
const foreign = /^(?:NODE_EXTRA_CA_CERTS|OTEL_[A-Z_]+)$/;

function isName(name: string): boolean {
  if (foreign.test(name.replaceAll('…', 'X')) || names.has(name)) return true;
  // `SLOT_…_SKIP` is a family; a name without its prefix is completed by a shell loop.
  const pattern = new RegExp(`(?:^|_)${name.replaceAll('…', '[A-Z0-9_]+')}$`);
  return [...names].some((known) => pattern.test(known));
}

/** Code spans like `unknownUntil` and `long_queue`, and what a code block imports. Metrics have a test of their own. */
function identifiersIn({ text, spans }: Block): string[] {
  const imported = [...text.matchAll(/^import \{([^}]*)\} from '@paceline/gm)].flatMap(([, list = '']) =>
    (list.match(/\w+/g) ?? []).filter((name) => name !== 'type'),
  );
  return [...spans.filter((span) => /^(?!paceline_|http_|db_)[a-z]+(?:[A-Z_]\w*)+$/.test(span)), ...imported];
}

const code = sources
  .filter((path) => !path.includes('.test.'))
  .map(read)
  .join('\n');
const isMessage = (message: string): boolean =>
  new RegExp(message.split('…').map(RegExp.escape).join('[^\\n]*')).test(code);

const identifiers = new Set(sources.flatMap((path) => read(path).match(/\b[A-Za-z]\w+/g) ?? []));

/** What the API's route files define: `endpoint('get', '/v1/riders/{riderId}', …`. */
const routes = glob(['services/api/src/*/*.ts']).flatMap((path) =>
  [...read(path).matchAll(/\bendpoint\(\s*'[a-z]+',\s*'([^']+)'/g)].map(
    ([, route = '']) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  ),
);
const routesIn = (text: string): string[] =>
  [...text.matchAll(/(\/v1\/[\w:<>{}./-]*[\w>}])/g)].map(([, route = '']) => route);
const isRoute = (route: string) => routes.some((known) => known.test(route));
