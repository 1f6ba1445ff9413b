import './use-fan-out';
import '../slice-effects.test';
