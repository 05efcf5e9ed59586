import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';

/**
 * Who the spans and metrics of this process are from: namespace `paceline`, and the name (without scope) and version
 * of the package that the main script belongs to. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
 */
export function serviceResource(): Resource {
  const { name, version } = mainPackage();
  const own = resourceFromAttributes({
    'service.namespace': 'paceline',
    ...(name && { 'service.name': name.replace(/^@[^/]*\//, '') }),
    ...(version && { 'service.version': version }),
  });
  const detectors = [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(own).merge(detectResources({ detectors }));
}

function mainPackage(): { name?: string; version?: string } {
  const script = process.argv[1];
  const path = script && findPackageJSON(pathToFileURL(script));
  return path ? JSON.parse(readFileSync(path, 'utf8')) : {};
}
