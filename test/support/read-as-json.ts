process.env.TIDEMARK_TEST_WIRE = 'json';
