/** `pipe schema`: the JSON Schema of pipeline.yaml, for editors. */
import { pipelineSchema } from '../pipeline/document/pipeline-schema.js';
import type { Command } from './command.js';

export const command: Command = {
  command: 'schema',
  positionals: '',
  summary: 'Prints the JSON Schema of pipeline.yaml, made from the definition that validates it.',
  options: [],
  async run(_parsed, { terminal }) {
    terminal.out(`${JSON.stringify(pipelineSchema(), null, 2)}\n`);
  },
};
