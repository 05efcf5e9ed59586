/** Where a Debian machine gets its packages from. */
export interface DebianArchive {
  readonly uri: string;
  /** The `Signed-By` of the source as it stands there: a keyring's path or a key; undefined for apt's default. */
  readonly signedBy: string | undefined;
}

interface Source {
  readonly types: string[];
  readonly uris: string[];
  readonly suites: string[];
  readonly components: string[];
  readonly signedBy: string | undefined;
}

/**
 * Finds the Debian archive among the machine's apt sources, both in one-line (`.list`) and deb822
 * (`.sources`) form. Security archives, other vendors' and disabled ones are passed over.
 * @param files name and text of `/etc/apt/sources.list` and of what lies in `sources.list.d`
 */
export function findDebianArchive(
  files: ReadonlyArray<{ name: string; text: string }>,
): DebianArchive | undefined {
  for (const { name, text } of files) {
    for (const source of name.endsWith('.sources') ? readStanzas(text) : readLines(text)) {
      const uri = source.uris.find(isDebian);
      if (uri === undefined || !source.types.includes('deb') || !source.components.includes('main')) continue;
      if (source.suites.every((suite) => suite.includes('-security'))) continue;
      return { uri, signedBy: source.signedBy };
    }
  }
  return undefined;
}

/** The deb822 text of a source that gets `suite` from the archive. */
export function debianSource({ uri, signedBy }: DebianArchive, suite: string): string {
  const fields = ['Types: deb', `URIs: ${uri}`, `Suites: ${suite}`, 'Components: main'];
  if (signedBy !== undefined) fields.push(`Signed-By: ${signedBy}`);
  return `${fields.join('\n')}\n`;
}

/** Mirrors keep Debian below a folder of that name; cloud images name a file that lists mirrors. */
const isDebian = (uri: string): boolean => /\/debian(\/|$)|^mirror\+?\w*:.*debian\.list$/.test(uri);

const words = (text = ''): string[] => text.split(/\s+/).filter(Boolean);

/** `deb [arch=amd64 signed-by=/path] http://host/debian bookworm main contrib # why` */
function readLines(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const [, type, options, rest] = /^\s*(deb(?:-src)?)\s+(?:\[([^\]]*)\]\s*)?([^#]*)/.exec(line) ?? [];
    const [uri, suite, ...components] = words(rest);
    if (type === undefined || uri === undefined || suite === undefined) return [];
    const signedBy = words(options)
      .find((option) => option.startsWith('signed-by='))
      ?.slice('signed-by='.length);
    return [{ types: [type], uris: [uri], suites: [suite], components, signedBy }];
  });
}

/** Paragraphs of `Field: value`; a value goes on in indented lines. */
function readStanzas(text: string): Source[] {
  const uncommented = text.replaceAll(/^#.*\n?/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map(
      paragraph
        .split(/\n(?=\S)/)
        .map((field) => [
          field.split(':', 1)[0]?.trim().toLowerCase(),
          field.slice(field.indexOf(':') + 1).trim(),
        ]),
    );
    if (fields.get('enabled') === 'no') return [];
    return [
      {
        types: words(fields.get('types')),
        uris: words(fields.get('uris')),
        suites: words(fields.get('suites')),
        components: words(fields.get('components')),
        signedBy: fields.get('signed-by'),
      },
    ];
  });
}
