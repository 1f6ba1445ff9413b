import { temporalArguments } from '../../../dev/stack/temporal';

describe('the command line of the Temporal server', () => {
  it('binds loopback, registers the search attributes and switches worker commands on', () => {
    const line = temporalArguments(7001, 7002, {}).join(' ');
    expect(line).toContain('server start-dev --ip 127.0.0.1 --port 7001 --log-level warn --ui-port 7002');
    for (const name of ['Consumer', 'Stream', 'Shard', 'State']) {
      expect(line).toContain(`--search-attribute Tidemark${name}=Keyword`);
    }
    expect(line).toContain('--dynamic-config-value frontend.WorkerCommandsEnabled=true');
    expect(line).toContain('--dynamic-config-value system.enableCancelActivityWorkerCommand=true');
  });

  it('passes dynamic configuration as JSON, and lets it override the defaults', () => {
    const dynamicConfig = {
      'limit.historyCount.suggestContinueAsNew': 40,
      'frontend.WorkerCommandsEnabled': false,
      'a.text': 'x',
    };
    const line = temporalArguments(1, 2, { dynamicConfig }).join(' ');
    expect(line).toContain('--dynamic-config-value limit.historyCount.suggestContinueAsNew=40');
    expect(line).toContain('--dynamic-config-value frontend.WorkerCommandsEnabled=false');
    expect(line).toContain('--dynamic-config-value a.text="x"');
  });

  it('can do without a UI and keep state in a file', () => {
    const args = temporalArguments(1, 2, { headless: true, dbFilename: 'state.db' });
    expect(args).toEqual(expect.arrayContaining(['--headless', '--db-filename', 'state.db']));
    expect(args).not.toContain('--ui-port');
  });
});
