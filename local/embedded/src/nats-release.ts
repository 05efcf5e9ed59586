/** One official release of nats-server: where its archives lie and what they must hash to. */
export interface NatsRelease {
  readonly version: string;
  /** The folder that holds `v<version>/nats-server-v<version>-<os>-<arch>.tar.gz`. */
  readonly url: string;
  /** SHA-256 of the archive for `<os>-<arch>`, as in the release's own SHA256SUMS. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** To move on: take the new version's sums from its SHA256SUMS on the releases page of nats-io/nats-server. */
export const natsRelease: NatsRelease = {
  version: '2.14.5',
  url: 'https://github.com/nats-io/nats-server/releases/download',
  sha256: {
    'linux-amd64': '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
    'linux-arm64': '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
    'darwin-amd64': 'f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96',
    'darwin-arm64': 'ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50',
  },
};
