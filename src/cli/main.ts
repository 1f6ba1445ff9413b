#!/usr/bin/env node
import { runCli } from './program';

/** A consumer file may leave timers and connections behind: the process ends when the command does. */
void runCli(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
