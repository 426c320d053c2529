import { runStages } from './stages.ts';

process.exitCode = await runStages(process.argv.includes('--long') ? 'long' : 'short');
