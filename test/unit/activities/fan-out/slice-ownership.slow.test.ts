import './use-fan-out';
import '../slice-ownership.test';
