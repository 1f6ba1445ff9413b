import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScriptedKinesis, type ScriptedKinesis } from '../scripted-kinesis';
import { assertSource, SOURCE_TEXT } from '../source';
import { stackEnv } from '../stack-env';
import { spawnCli, type CliProcess, type CliResult } from './cli-process';

/** A user's desk: a folder with consumer files, a Kinesis of its own, and the command line in an environment of its own. */
export class CliScene {
  readonly id = randomUUID().slice(0, 8);
  readonly stream = `flights-${this.id}`;
  readonly table = `tidemark-${this.id}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-cli-'));
  readonly env: Readonly<NodeJS.ProcessEnv>;
  private readonly started: CliProcess[] = [];

  private constructor(readonly kinesis: ScriptedKinesis) {
    this.env = {
      PATH: process.env.PATH,
      HOME: this.folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...stackEnv().env,
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      // Must never be seen again.
      AWS_SECRET_ACCESS_KEY: `canary-${this.id}`,
    };
  }

  static async create(): Promise<CliScene> {
    return new CliScene(await startScriptedKinesis());
  }

  /** A file in the scene's folder. */
  file(name: string, source: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, source);
    return path;
  }

  /** A consumer file; `more` are further options, as source text. */
  consumer(name: string, { consumer = name, more = '', handler = '() => undefined' } = {}): string {
    return this.file(
      `${name}.ts`,
      `import { defineConsumer } from 'tidemark';
export default defineConsumer({
  name: '${consumer}', stream: '${this.stream}', startFrom: 'TRIM_HORIZON', tableName: '${this.table}', ${SOURCE_TEXT} ${more}
  handler: ${handler},
});\n`,
    );
  }

  /** One of the examples, on this scene's stream and table. */
  example(name: string): string {
    const source = readFileSync(join(__dirname, '../../../examples', name, 'consumer.ts'), 'utf8');
    const adapted = source.replace("stream: 'flights',", `stream: '${this.stream}', tableName: '${this.table}',`);
    if (adapted === source) throw new Error(`examples/${name} does not read the stream 'flights'`);
    return this.file(`${name}.ts`, adapted);
  }

  spawn(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
    const cli = spawnCli(args, withoutUndefined({ ...this.env, ...env }));
    this.started.push(cli);
    return cli;
  }

  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliResult> {
    return this.spawn(args, env).exited;
  }

  async close(): Promise<void> {
    for (const { child } of this.started)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await Promise.all(this.started.map(({ exited }) => exited));
    assertSource(this.kinesis);
    await this.kinesis.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function withoutUndefined(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
