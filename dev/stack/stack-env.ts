import { LOCAL_CREDENTIALS, LOCAL_REGION } from './pins';
import { type Server, type ServerName } from './server';

export const ADDRESS_VARIABLES: Readonly<Record<ServerName, string>> = {
  temporal: 'TEMPORAL_ADDRESS',
  kinesis: 'AWS_ENDPOINT_URL_KINESIS',
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
};

/**
 * The environment in which a program reaches these servers. Dummy AWS credentials, and blanks for the user's profile
 * and session, are in it only when every AWS endpoint is an emulator of ours: a given endpoint needs the user's own.
 */
export function stackEnvironment(servers: readonly Server[], env: NodeJS.ProcessEnv): Record<string, string> {
  const addresses = Object.fromEntries(servers.map((server) => [ADDRESS_VARIABLES[server.name], server.address]));
  const aws = servers.filter((server) => server.name !== 'temporal');
  if (aws.length === 0) return addresses;
  if (aws.some((server) => server.origin === 'environment')) {
    return { ...addresses, AWS_REGION: env['AWS_REGION'] || LOCAL_REGION };
  }
  const blanks = ['AWS_PROFILE', 'AWS_SESSION_TOKEN'].filter((name) => env[name]).map((name) => [name, ''] as const);
  return {
    ...addresses,
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    ...Object.fromEntries(blanks),
  };
}
