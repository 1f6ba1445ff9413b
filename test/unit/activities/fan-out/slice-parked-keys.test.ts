process.env.TIDEMARK_TEST_SOURCE = 'fanOut';
require('../slice-parked-keys.test');
