import './use-fan-out';
import '../slice-history.test';
