import { memoryAllowance } from '../../src/limits/memory-allowance.ts';
import { describeAllowance } from './allowance.ts';

describeAllowance('memory', () => memoryAllowance(() => performance.now()));
