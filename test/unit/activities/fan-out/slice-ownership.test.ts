process.env.TIDEMARK_TEST_SOURCE = 'fanOut';
require('../slice-ownership.test');
