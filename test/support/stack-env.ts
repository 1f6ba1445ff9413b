import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../dev/stack/pins';
import { isJsonForced } from './scripted-kinesis';
import { TEST_VARIABLES, UI_VARIABLE } from './stack-variables';

export interface TestStack {
  readonly temporalAddress: string;
  readonly temporalUiUrl: string | undefined;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The same for a child process, in the variables that the SDKs read. */
  readonly env: Readonly<Record<string, string>>;
}

/** The servers that jest's global set-up started. Throws outside the projects that have it. */
export function stackEnv(): TestStack {
  const temporalAddress = read(TEST_VARIABLES.temporalAddress);
  const kinesisEndpoint = read(TEST_VARIABLES[isJsonForced() ? 'jsonKinesisEndpoint' : 'kinesisEndpoint']);
  const dynamodbEndpoint = read(TEST_VARIABLES.dynamodbEndpoint);
  return {
    temporalAddress,
    temporalUiUrl: process.env[UI_VARIABLE],
    kinesisEndpoint,
    dynamodbEndpoint,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    env: {
      TEMPORAL_ADDRESS: temporalAddress,
      AWS_ENDPOINT_URL_KINESIS: kinesisEndpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    },
  };
}

function read(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set: run this test with jest in a project whose globalSetup starts the local stack`);
}
