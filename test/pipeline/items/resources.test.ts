/** `${resources.x}`: the resources of a stage in its command. */
import { describe, expect, it } from 'vitest';
import { expandAction } from '../../../src/pipeline/items/command-parts.js';
import { itemOf, mistakesOf, planOf } from '../rig.js';

const stage = (cmd: string, resources = '{ cpu: 8, memory: 4G, gpu: 2 }') =>
  `params: { cores: 8 }\nstages:\n  a:\n    cmd: ${cmd}\n    resources: ${resources}\n`;

const actionOf = (cmd: string, resources?: string) =>
  itemOf(planOf(stage(cmd, resources)), 'a').action;

const executed = (cmd: string, resources?: string) =>
  expandAction(actionOf(cmd, resources), () => []);

describe('a resource in a command', () => {
  it('is executed with its value: cores, bytes, GPUs', () => {
    const cmd = 'run -j ${resources.cpu} -m ${resources.memory} -g ${resources.gpu}';
    expect(executed(cmd)).toEqual({ kind: 'shell', command: 'run -j 8 -m 4294967296 -g 2' });
    expect(executed('[run, "-j${resources.cpu}/${resources.gpu}"]')).toEqual({
      kind: 'argv',
      argv: ['run', '-j8/2'],
    });
  });

  it('counts by its placeholder', () => {
    expect(actionOf('run -j ${resources.cpu}')).toMatchObject({
      command: 'run -j ${resources.cpu}',
    });
    expect(actionOf('[run, "-j${resources.cpu}", a]')).toMatchObject({
      argv: ['run', '-j${resources.cpu}', 'a'],
    });
  });

  it('has the defaults of the scheduler, or the value of a param', () => {
    expect(executed('run ${resources.cpu} ${resources.gpu}', '{}')).toMatchObject({
      command: 'run 1 0',
    });
    expect(executed('run "${resources.cpu}"', '{ cpu: "${cores}" }')).toMatchObject({
      command: 'run "8"',
    });
    expect(executed('run $((${resources.memory} / 1024))')).toMatchObject({
      command: 'run $((4294967296 / 1024))',
    });
  });
});

describe('a mistake with a resource', () => {
  it('is a resource that is not stated or does not exist', () => {
    expect(mistakesOf(stage('run ${resources.memory}', '{ cpu: 1 }'))).toBe(
      `pipeline.yaml:4:14: error: \${resources.memory} is not known: the stage does not set its memory (unknown-name)
        cmd: run \${resources.memory}
                 ~~~~~~~~~~~~~~~~~~~
  write resources: { memory: 4G }`,
    );
    expect(mistakesOf(stage('run ${resources.cpus}'))).toContain('did you mean "resources.cpu"?');
  });

  it('is a resource outside a command', () => {
    expect(mistakesOf(`${stage('run')}    outs: ["\${resources.cpu}.txt"]\n`)).toContain(
      '${resources.cpu} can be used only in cmd (unknown-name)',
    );
  });

  it('is the literal text, which would have the same key', () => {
    expect(mistakesOf(stage("echo '$${resources.cpu}'"))).toContain(
      'the text "${resources.cpu}" cannot be literal in a command: it stands for the resource',
    );
    expect(mistakesOf(stage('[echo, "$${resources.gpu} ${resources.gpu}"]'))).toContain(
      '(bad-template)',
    );
    const hidden = stage("echo '$${resources.cp${u}'").replace('cores: 8', 'u: "u}"');
    expect(mistakesOf(hidden)).toContain('(bad-template)');
  });

  it('is a param or an axis of that name', () => {
    expect(mistakesOf('params: { resources: 1 }\nstages: {}\n')).toContain(
      'a param cannot be called "resources": ${resources.x} is a resource of a stage (bad-name)',
    );
  });
});
