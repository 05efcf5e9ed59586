import { type VariableName, variables } from './variables.ts';

/** The text of `.env.example`: every variable with what it means, its default or an example, commented out. */
export function envExample(): string {
  const entries = (Object.keys(variables) as VariableName[]).map((name) => {
    const variable: { about: string; example?: string } = variables[name];
    const fallback = variables[name].schema.safeParse(undefined);
    const preset = fallback.success && typeof fallback.data !== 'object' ? String(fallback.data) : '';
    return `# ${variable.about}\n#${name}=${variable.example ?? preset}\n`;
  });
  return `# Generated from the configuration schemas. Copy to .env and uncomment what you change.\n\n${entries.join('\n')}`;
}
