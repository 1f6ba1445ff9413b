import { stopOnce } from './global-stack';

export default stopOnce;
