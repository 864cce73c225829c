/** `pipe schema`: the JSON Schema of pipeline.yaml, for editors. */
import { pipelineSchema } from '../pipeline/document/pipeline-schema.js';
import { parse, type Usage } from './args.js';
import { type Command, EXIT } from './command.js';

const usage: Usage = {
  command: 'schema',
  positionals: '',
  summary: 'Prints the JSON Schema of pipeline.yaml, made from the definition that validates it.',
  options: [],
};

export const command: Command = {
  usage,
  async run(argv, { terminal }) {
    parse(usage, argv);
    terminal.out(`${JSON.stringify(pipelineSchema(), null, 2)}\n`);
    return EXIT.done;
  },
};
