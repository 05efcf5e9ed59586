export interface LicenceException {
  /** A glob of package names. */
  readonly packages: string;
  /** The licence that it is for: another one is a new question. */
  readonly licence: string;
  readonly reason: string;
}

export interface AcceptedAdvisory {
  readonly id: string;
  readonly reason: string;
}

/** Licences that ask for no more than that their text comes along. */
export const allowedLicences: readonly string[] = [
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'Python-2.0',
  'Unlicense',
  'CC0-1.0',
];

/** Packages under another licence, and why they may stay. One that nothing needs any more is an error. */
export const licenceExceptions: readonly LicenceException[] = [
  {
    packages: 'axe-core',
    licence: 'MPL-2.0',
    reason: 'looks for what keeps somebody from using the dashboard, in tests; unchanged, in no image',
  },
  {
    packages: 'lightningcss{,-*}',
    licence: 'MPL-2.0',
    reason: 'minifies the dashboard’s styles as a part of Vite; unchanged, none of it is in what it writes',
  },
  {
    packages: 'spdx-exceptions',
    licence: 'CC-BY-3.0',
    reason: 'a list of names by the SPDX project, read by this very check; unchanged, in no image',
  },
  {
    packages: 'spdx-ranges',
    licence: '(MIT AND CC-BY-3.0)',
    reason: 'the same',
  },
];

/** Advisories that don't concern us, by their GHSA id, and why. One that nothing reports any more is an error. */
export const acceptedAdvisories: readonly AcceptedAdvisory[] = [];
