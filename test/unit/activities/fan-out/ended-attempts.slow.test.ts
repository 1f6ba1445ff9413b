import './use-fan-out';
import '../ended-attempts.test';
