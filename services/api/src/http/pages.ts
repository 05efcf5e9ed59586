import { problemTypes } from './problem-types.ts';

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>
body { margin: 0; }
.text { max-width: 46rem; margin: 3rem auto; padding: 0 1.5rem; font-family: system-ui, sans-serif; line-height: 1.5; }
.text code { background: #8882; padding: 0.1em 0.3em; border-radius: 3px; }
:root { color-scheme: light dark; }
</style>
</head>
<body>
${body}
</body>
</html>
`;

/** The page that shows the OpenAPI document. */
export const readerPage = (readerScript: string, startScript: string): string =>
  page(
    'Paceline API',
    `<div id="reader"></div>
<noscript><main class="text">This page needs JavaScript. The API is described in <a href="/openapi.json">/openapi.json</a>.</main></noscript>
<script src="${readerScript}"></script>
<script src="${startScript}"></script>`,
  );

/** Starts the reader, with everything switched off that would talk to anybody but us. */
export const readerStart = `Scalar.createApiReference('#reader', {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  documentDownloadType: 'json',
});
`;

const inlineCode = (text: string) =>
  text.replace(/`([^`]+)`/g, '<code>$1</code>').replace(/<(?!\/?code>)/g, '&lt;');

/** Explains every \`type\` that a problem can have. */
export function problemsPage(): string {
  const sections = Object.entries(problemTypes).map(
    ([type, { status, title, about }]) =>
      `<h2 id="${type}">${status} ${title}</h2>\n<p><code>${type}</code></p>\n<p>${inlineCode(about)}</p>`,
  );
  return page(
    'Paceline API: problems',
    `<main class="text">\n<h1>What can go wrong</h1>\n<p>Errors are <code>application/problem+json</code> (RFC 9457).</p>\n${sections.join('\n')}\n</main>`,
  );
}
