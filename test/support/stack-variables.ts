/** How global set-up tells tests where the servers are. Not the SDKs' own names: a test that forgets them must fail. */
export const TEST_VARIABLES = {
  temporalAddress: 'TIDEMARK_TEST_TEMPORAL_ADDRESS',
  kinesisEndpoint: 'TIDEMARK_TEST_KINESIS_ENDPOINT',
  /** The same Kinesis as it would be without CBOR. */
  jsonKinesisEndpoint: 'TIDEMARK_TEST_JSON_KINESIS_ENDPOINT',
  dynamodbEndpoint: 'TIDEMARK_TEST_DYNAMODB_ENDPOINT',
} as const;

/** Only set when the Temporal server has a Web UI. */
export const UI_VARIABLE = 'TIDEMARK_TEST_TEMPORAL_UI_URL';
