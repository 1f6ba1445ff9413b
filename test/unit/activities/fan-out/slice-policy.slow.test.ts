import './use-fan-out';
import '../slice-policy.test';
