import { type Server, type ServerName, type ServerOrigin } from '../../../dev/stack';
import { stackEnvironment } from '../../../dev/stack/stack-env';

function server(name: ServerName, origin: ServerOrigin): Server {
  return { name, origin, address: `at ${name}`, stop: () => Promise.resolve(), signal: () => Promise.resolve() };
}

const user = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'real', AWS_PROFILE: 'work' };

describe('the environment of a program that uses the stack', () => {
  it('has the addresses and dummies, and blanks a profile that would win over the dummies', () => {
    const servers = [server('temporal', 'cache'), server('kinesis', 'package'), server('dynamodb', 'path')];
    expect(stackEnvironment(servers, user)).toEqual({
      TEMPORAL_ADDRESS: 'at temporal',
      AWS_ENDPOINT_URL_KINESIS: 'at kinesis',
      AWS_ENDPOINT_URL_DYNAMODB: 'at dynamodb',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_PROFILE: '',
    });
  });

  it("leaves the user's credentials and region alone when an AWS endpoint was given", () => {
    const servers = [server('kinesis', 'package'), server('dynamodb', 'environment')];
    expect(stackEnvironment(servers, user)).toEqual({
      AWS_ENDPOINT_URL_KINESIS: 'at kinesis',
      AWS_ENDPOINT_URL_DYNAMODB: 'at dynamodb',
      AWS_REGION: 'eu-west-1',
    });
  });

  it('says nothing about AWS without an AWS server', () => {
    expect(stackEnvironment([server('temporal', 'path')], user)).toEqual({ TEMPORAL_ADDRESS: 'at temporal' });
  });
});
