import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { resolveTemporal, translateTemporalError } from '../../../src/temporal/connect';

const saved = { ...process.env };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-temporal-'));
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  process.env['TEMPORAL_CONFIG_FILE'] = join(folder, 'temporal.toml');
});

afterEach(() => {
  process.env = { ...saved };
  rmSync(folder, { recursive: true, force: true });
});

function configure(toml: string): void {
  writeFileSync(join(folder, 'temporal.toml'), toml);
}

const TWO_PROFILES = `
[profile.default]
address = "default.example:7233"
namespace = "of-default"
[profile.cloud]
address = "cloud.example:7233"
namespace = "of-cloud"
api_key = "key-of-profile"
`;

describe('where Temporal is', () => {
  it('is this machine, if nobody says otherwise', () => {
    expect(resolveTemporal()).toMatchObject({ connectionOptions: { address: '127.0.0.1:7233' }, namespace: 'default' });
  });

  it('is what the environment says, before the file', () => {
    configure(TWO_PROFILES);
    process.env['TEMPORAL_ADDRESS'] = 'environment.example:7233';
    expect(resolveTemporal()).toMatchObject({
      connectionOptions: { address: 'environment.example:7233' },
      namespace: 'of-default',
    });
  });

  it('is what a profile of the file says, named by option or environment', () => {
    configure(TWO_PROFILES);
    const cloud = {
      connectionOptions: { address: 'cloud.example:7233', apiKey: 'key-of-profile' },
      namespace: 'of-cloud',
    };
    expect(resolveTemporal({ profile: 'cloud' })).toMatchObject(cloud);
    process.env['TEMPORAL_PROFILE'] = 'cloud';
    expect(resolveTemporal()).toMatchObject(cloud);
  });

  it('is what an option says, before everything', () => {
    configure(TWO_PROFILES);
    process.env['TEMPORAL_NAMESPACE'] = 'of-environment';
    const given = { address: 'option.example:1', namespace: 'of-option', apiKey: 'key-of-option', tls: true };
    expect(resolveTemporal({ ...given, profile: 'cloud' })).toMatchObject({
      connectionOptions: { address: 'option.example:1', apiKey: 'key-of-option', tls: true },
      namespace: 'of-option',
    });
  });

  it.each([
    ['a file that is no TOML', 'not toml ['],
    ['a profile that is not there', TWO_PROFILES],
  ])('cannot be told from %s', (_, toml) => {
    configure(toml);
    const action = (): unknown => resolveTemporal({ profile: 'missing' });
    expect(action).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error);
    expect(action).toThrow(/TEMPORAL_CONFIG_FILE/);
  });
});

describe('what a failed call means', () => {
  const where = { address: 'host:7233', namespace: 'flights' };

  it.each([
    [5, 'TEMPORAL_NAMESPACE_NOT_FOUND', 'flights'],
    [7, 'ACCESS_DENIED', 'flights'],
    [16, 'ACCESS_DENIED', 'flights'],
    [4, 'TEMPORAL_UNAVAILABLE', 'host:7233'],
    [14, 'TEMPORAL_UNAVAILABLE', 'host:7233'],
  ])('of gRPC status %i is %s', (status, code, named) => {
    const direct = translateTemporalError(Object.assign(new Error('x'), { code: status }), where);
    expect(direct).toMatchObject({ code, message: expect.stringContaining(named) });
    const wrapped = new Error('wrapped', { cause: new Error('twice', { cause: { code: status } }) });
    expect(translateTemporalError(wrapped, where).code).toBe(code);
  });

  it.each([undefined, null, 'x', new Error('x'), Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])(
    'of %p is an outage',
    (error) => {
      expect(translateTemporalError(error, where).code).toBe('TEMPORAL_UNAVAILABLE');
    },
  );
});
