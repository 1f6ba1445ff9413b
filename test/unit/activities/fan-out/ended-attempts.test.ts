process.env.TIDEMARK_TEST_SOURCE = 'fanOut';
require('../ended-attempts.test');
