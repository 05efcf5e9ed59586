export interface LicenceException {
  /** A glob of package names. */
  readonly packages: string;
  /** Applies to this licence only. */
  readonly licence: string;
  readonly reason: string;
}

export interface AcceptedAdvisory {
  readonly id: string;
  readonly reason: string;
}

/** Licences that require at most including their text. */
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

/** Packages under another licence and why they are allowed. An unused exception is an error. */
export const licenceExceptions: readonly LicenceException[] = [
  {
    packages: 'axe-core',
    licence: 'MPL-2.0',
    reason: 'checks the dashboard for accessibility problems, in tests; unmodified, in no image',
  },
  {
    packages: 'lightningcss{,-*}',
    licence: 'MPL-2.0',
    reason: 'minifies the dashboard’s styles as part of Vite; unmodified, not included in the output',
  },
  {
    packages: 'spdx-exceptions',
    licence: 'CC-BY-3.0',
    reason: 'a list of names by the SPDX project, used by this check; unmodified, in no image',
  },
  {
    packages: 'spdx-ranges',
    licence: '(MIT AND CC-BY-3.0)',
    reason: 'as spdx-exceptions',
  },
];

/** Advisories that don't affect us, by GHSA id, and why. One that is no longer reported is an error. */
export const acceptedAdvisories: readonly AcceptedAdvisory[] = [];
