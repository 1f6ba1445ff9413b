/** A Temporal server, a Kinesis emulator and a DynamoDB emulator on free ports of 127.0.0.1, for tests, demo and bench. */
export { startDynamodb } from './dynamodb';
export { startKinesis } from './kinesis';
export { type Server, type ServerName, type ServerOptions, type ServerOrigin } from './server';
export { type Stack, type StackOptions, startStack } from './stack';
export { startTemporal, type TemporalOptions, type TemporalServer } from './temporal';
