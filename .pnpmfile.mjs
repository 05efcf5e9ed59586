export const hooks = {
  readPackage(manifest) {
    // Only Scalar's bundle for browsers is used, which contains its 200 dependencies.
    if (manifest.name === '@scalar/api-reference') manifest.dependencies = {};
    // It needs the compiler API, which TypeScript 7 does not have.
    if (manifest.name === 'openapi-typescript') {
      delete manifest.peerDependencies.typescript;
      manifest.dependencies.typescript = '5.9.3';
    }
    return manifest;
  },
};
