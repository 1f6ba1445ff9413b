process.env.TIDEMARK_TEST_SOURCE = 'fanOut';
require('../slice-events.test');
