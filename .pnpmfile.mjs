export const hooks = {
  /** Only Scalar's bundle for browsers is used, which contains its 200 dependencies. */
  readPackage(manifest) {
    if (manifest.name === '@scalar/api-reference') manifest.dependencies = {};
    return manifest;
  },
};
