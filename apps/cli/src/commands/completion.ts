import { defineCommand, type Subcommand } from '../command.ts';
import { completionScript, shells } from '../core/completion.ts';
import { oneOf } from '../core/usage.ts';

/** @param commands a function, because this command is one of them */
export const completionOf = (commands: () => Readonly<Record<string, Subcommand>>): Subcommand =>
  defineCommand({
    usage: 'completion SHELL',
    summary: 'print the script that completes commands in your shell',
    details: [
      'bash: paceline completion bash >> ~/.bashrc',
      'zsh:  paceline completion zsh >> ~/.zshrc',
      'fish: paceline completion fish > ~/.config/fish/completions/paceline.fish',
    ].join('\n'),
    takes: ['SHELL'],
    choices: { SHELL: shells },
    async run([name], { output, json, printJson }) {
      const script = completionScript(oneOf('SHELL', name, shells) ?? 'bash', commands());
      if (json) printJson({ script });
      else output.write(script);
      return 0;
    },
  });
