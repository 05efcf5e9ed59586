import { describe, expect, it } from 'vitest';
import { debianSource, findDebianArchive } from './debian-package.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

const find = (...files: Array<[name: string, text: string]>) =>
  findDebianArchive(files.map(([name, text]) => ({ name, text })));

describe('findDebianArchive', () => {
  it('finds a deb822 source with its keyring, skipping comments and the security archive', () => {
    const text = `
Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: ${keyring}

# A note
Types: deb deb-src
# another note
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: ${keyring}
`;
    expect(find(['debian.sources', text])).toEqual({
      uri: 'http://mirror.example/debian',
      signedBy: keyring,
    });
  });

  it('finds a one-line source, with and without options', () => {
    const security = 'deb http://mirror.example/debian bookworm-security main\n';
    const text = `# deb cdrom:[Debian]/ bookworm main\n${security}deb-src http://src.example/debian bookworm main\n`;
    expect(find(['sources.list', `${text}deb https://a.example/pub/debian/ bookworm main # ours`])).toEqual({
      uri: 'https://a.example/pub/debian/',
      signedBy: undefined,
    });
    expect(
      find(['sources.list', `deb [arch=amd64 signed-by=${keyring}] http://b.example/debian bookworm main`]),
    ).toEqual({ uri: 'http://b.example/debian', signedBy: keyring });
  });

  it('accepts a list of mirrors', () => {
    const text =
      'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n';
    expect(find(['debian.sources', text])?.uri).toBe('mirror+file:///etc/apt/mirrors/debian.list');
  });

  it('ignores other vendors and disabled sources', () => {
    expect(
      find(
        ['docker.list', 'deb https://download.docker.example/linux/debian bookworm stable'],
        ['grafana.list', 'deb https://apt.grafana.example stable main'],
        [
          'ubuntu.sources',
          'Types: deb\nURIs: http://archive.example/ubuntu\nSuites: noble\nComponents: main',
        ],
        [
          'off.sources',
          'Enabled: no\nTypes: deb\nURIs: http://a.example/debian\nSuites: trixie\nComponents: main',
        ],
        ['sources.list', ''],
      ),
    ).toBeUndefined();
  });

  it('keeps a key that is inlined in the source', () => {
    const key =
      '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJ\n -----END PGP PUBLIC KEY BLOCK-----';
    const stanza = `Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:${key}\n`;
    const archive = find(['debian.sources', stanza]);
    expect(archive && debianSource(archive, 'trixie')).toContain(` mDMEY865UxYJ\n -----END PGP`);
  });
});

it('debianSource writes a source for another suite of the same archive', () => {
  const source = debianSource({ uri: 'http://a.example/debian', signedBy: keyring }, 'trixie');
  expect(source).toBe(
    `Types: deb\nURIs: http://a.example/debian\nSuites: trixie\nComponents: main\nSigned-By: ${keyring}\n`,
  );
  expect(findDebianArchive([{ name: 'a.sources', text: source }])?.uri).toBe('http://a.example/debian');
});
