import { describe, expect, it } from 'vitest';
import { type Advisory, judgeAdvisories, judgeLicences, type LicenceException } from './judge.ts';

const allowed = ['MIT', 'Apache-2.0'];
const mpl: LicenceException = { packages: 'axe{,-*}', licence: 'MPL-2.0', reason: 'only in tests' };
const judge = (licences: Record<string, string>, exceptions: LicenceException[] = []) =>
  judgeLicences(
    Object.entries(licences).map(([name, licence]) => ({ name, versions: ['1.0.0'], licence })),
    allowed,
    exceptions,
  );

describe('a licence', () => {
  it('is fine when it is allowed, or when an allowed one can be chosen', () => {
    expect(judge({ a: 'MIT', b: '(AFL-2.1 OR Apache-2.0)', c: 'MIT AND Apache-2.0' })).toEqual([]);
  });

  it.each(['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'Unknown', 'SEE LICENSE IN x', ''])(
    'that is %j is refused with the name of its package',
    (licence) => {
      expect(judge({ fine: 'MIT', left: licence })).toEqual([`left@1.0.0 is under ${licence}`]);
    },
  );

  it('has an exception for the licence that was looked at, and for no other', () => {
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'MPL-2.0' }, [mpl])).toEqual([]);
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'GPL-2.0' }, [mpl])).toEqual([
      'axe-linux@1.0.0 is under GPL-2.0',
    ]);
  });

  it('that nothing has any more needs no exception', () => {
    expect(judge({ axe: 'MIT' }, [mpl])).toEqual(['the exception for axe{,-*} (MPL-2.0) is for nothing']);
  });
});

describe('an advisory', () => {
  const advisory: Advisory = {
    github_advisory_id: 'GHSA-1',
    module_name: 'left',
    severity: 'high',
    title: 'It leaks',
    url: 'https://advisories.example/1',
    findings: [{ version: '1.0.0', paths: ['api>left'] }],
  };

  it('is told of with the package, and by which way it comes', () => {
    expect(judgeAdvisories([advisory], [])).toEqual([
      'left@1.0.0 (high): It leaks, https://advisories.example/1, by way of api>left',
    ]);
  });

  it('may be accepted, as long as it is one', () => {
    const accepted = [{ id: 'GHSA-1', reason: 'we never call it' }];
    expect(judgeAdvisories([advisory], accepted)).toEqual([]);
    expect(judgeAdvisories([], accepted)).toEqual(['the exception for GHSA-1 is for nothing']);
  });
});
